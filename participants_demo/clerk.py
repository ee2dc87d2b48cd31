"""The part of a participant that nobody calls: it does what is due, and posts the answers."""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial

import aiohttp

from participants_demo import outbox, pending
from participants_demo.confirm import NoLongerPending, confirm
from participants_demo.database import in_database
from participants_demo.outbox import MOST_TRIES, Letter
from participants_demo.pending import Promise
from participants_demo.protocol import StaleEpochError, UnavailableError
from participants_demo.service import Verb

LOOK_SECONDS = 0.1
PAUSE_SECONDS = 1.0
AT_ONCE = 20
POST_SECONDS = 5
LATER = {408, 425, 429} | set(range(500, 600))
logger = logging.getLogger(__name__)


async def work_for_ever(confirmations: Mapping[str, Verb]) -> None:
    """Look for what is due, until cancelled. A restart loses nothing: it is all in the database."""
    timeout = aiohttp.ClientTimeout(total=POST_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, headers={"Content-Type": "application/json"}) as session:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await _keep_promises(confirmations)
                await _post_letters(session)
            except UnavailableError as error:
                logger.warning("%s", error)
                await asyncio.sleep(PAUSE_SECONDS)
            except Exception:  # this must go on as long as the process does: without it no promise is kept
                logger.exception("what is due could not be done")
                await asyncio.sleep(PAUSE_SECONDS)


async def _keep_promises(confirmations: Mapping[str, Verb]) -> None:
    due = await in_database(lambda: pending.due(AT_ONCE))
    await asyncio.gather(*(in_database(partial(_keep, one, confirmations)) for one in due))


def _keep(promise: Promise, confirmations: Mapping[str, Verb]) -> None:
    key = promise.call.key
    try:
        confirm(promise.call, confirmations[promise.work])
    except (NoLongerPending, StaleEpochError):
        pass  # undone since it was found due; or called again with a higher epoch, which the next look finds
    except Exception:  # one promise that cannot be kept now must not hold up the others
        logger.exception("%s could not be done, and is tried again", key)
        pending.postpone(key)


async def _post_letters(session: aiohttp.ClientSession) -> None:
    letters = await in_database(lambda: outbox.take(AT_ONCE))
    await asyncio.gather(*(_post(session, letter) for letter in letters))


async def _post(session: aiohttp.ClientSession, letter: Letter) -> None:
    try:
        async with session.post(letter.url, data=letter.body, allow_redirects=False) as answer:
            status, try_again = str(answer.status), answer.status in LATER
            delivered = answer.ok and answer.status < 300
    except (aiohttp.ClientError, TimeoutError) as error:
        status, try_again, delivered = repr(error), True, False
    if not delivered and try_again and letter.tries < MOST_TRIES:
        await in_database(partial(outbox.try_again, letter))
        return
    if not delivered:
        logger.warning("nobody took this answer (%s), and it is not sent again: %s", status, letter.body)
    await in_database(partial(outbox.forget, letter))
