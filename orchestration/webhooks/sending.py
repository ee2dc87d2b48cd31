"""The sender: takes messages that are due, sends a few at a time, and keeps what became of each.

A message is sent at least once: when a sender dies between the answer and its note, it is sent again under the same id.
"""

import asyncio
import json
import logging
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
from django.conf import settings

from orchestration.participants.hosts import AllowList
from orchestration.participants.http import shown
from orchestration.store import webhooks
from orchestration.store.webhooks import Message
from orchestration.webhooks.addresses import PublicResolver
from orchestration.webhooks.signing import headers

logger = logging.getLogger(__name__)
AT_ONCE = 20
TIMEOUT_SECONDS, CONNECT_SECONDS = 10.0, 5.0
MAX_TRIES = 12
SILENCE = timedelta(seconds=15)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=6)
SHOWN_BYTES = 300
GONE = 410


class Try(NamedTuple):
    """How one try ended. `status` 0: nothing was answered."""

    status: int
    error: str
    seconds: float

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300


def work(*, seconds: float, stop: Callable[[], bool]) -> int:
    """Send what is due, for so long at most; returns how many tries were made."""
    end, tried = time.monotonic() + seconds, 0
    while time.monotonic() < end and not stop():
        messages = webhooks.take(AT_ONCE)
        if not messages:
            break
        for message, ended in zip(messages, asyncio.run(_send_all(messages)), strict=True):
            _keep(message, ended)
            tried += 1
    return tried


def body_of(message: Message) -> bytes:
    """What is told: type, time and data, as Standard Webhooks proposes."""
    data = {
        "saga_id": str(message.saga_id), "definition": message.definition, "version": message.version,
        "business_key": message.business_key, "status": message.event, "seq": message.seq,
        **({"reason": message.reason} if message.reason else {}),
    }  # fmt: skip
    told = {"type": f"saga.{message.event}", "timestamp": message.at.astimezone(UTC).isoformat(), "data": data}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()


def wait_after(tries: int, luck: float) -> timedelta:
    """Full jitter: from half a second up to 5 s, 20 s, 80 s, ... six hours. `luck` in [0, 1)."""
    ceiling: timedelta = min(FIRST_WAIT * 4 ** min(tries - 1, 16), LONGEST_WAIT)
    return max(timedelta(seconds=0.5), ceiling * luck)


def _keep(message: Message, ended: Try) -> None:
    tries = message.tries + 1
    state = "delivered" if ended.is_good else "failed" if tries >= MAX_TRIES or ended.status == GONE else "pending"
    attempt = {"at": datetime.now(UTC).isoformat(), **ended._asdict()}
    wait = wait_after(tries, random.random())  # noqa: S311  jitter
    if not webhooks.finish(message, state=state, attempt=json.dumps([attempt]), wait=wait):
        logger.warning("webhook message %s was sent by somebody else meanwhile", message.id)
    if ended.status == 0:
        webhooks.put_off(message.endpoint_id, SILENCE)
    if ended.status == GONE:
        webhooks.disable(message.endpoint_id, "it answered 410: gone")


async def _send_all(messages: list[Message]) -> list[Try]:
    allowed = AllowList(settings.SAGA_WEBHOOK_HOSTS)
    connector = aiohttp.TCPConnector(resolver=PublicResolver(allowed), limit=AT_ONCE)
    async with aiohttp.ClientSession(
        connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:  # fmt: skip
        return await asyncio.gather(*(_send(session, allowed, message) for message in messages))


async def _send(session: aiohttp.ClientSession, allowed: AllowList, message: Message) -> Try:
    began = time.monotonic()
    status, error = await _answer(session, allowed, message)
    return Try(status, error, round(time.monotonic() - began, 3))


async def _answer(session: aiohttp.ClientSession, allowed: AllowList, message: Message) -> tuple[int, str]:
    if not allowed.allows(urlsplit(message.url).hostname or ""):
        return 0, "the host is not in SAGA_WEBHOOK_HOSTS any more"
    body = body_of(message)
    signed = headers(message_id=message.id, stamp=int(time.time()), body=body, keys=message.secrets)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS, sock_connect=CONNECT_SECONDS)
    try:
        async with session.post(
            message.url, data=body, headers={"Content-Type": "application/json", **signed}, timeout=timeout,
            allow_redirects=False,
        ) as response:  # fmt: skip
            said = await response.content.read(SHOWN_BYTES)
            good = 200 <= response.status < 300
            return response.status, "" if good else shown(said) or f"answered {response.status}"
    except TimeoutError:
        return 0, f"no answer in {TIMEOUT_SECONDS:g} s"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        why = getattr(error, "os_error", error)  # aiohttp's own text hides what was wrong with the host
        return 0, (str(why) or type(why).__name__).splitlines()[0][:SHOWN_BYTES]
