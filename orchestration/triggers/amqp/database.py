"""The database as the consumer sees it: it may go away, and messages wait meanwhile."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError

from orchestration.triggers.threads import DatabaseThreads

logger = logging.getLogger(__name__)
AWAY = (OperationalError, InterfaceError)
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0
T = TypeVar("T")


class Stopping(ConnectionError):
    """The consumer is to stop, and the database is away: the message goes back to the broker with the connection."""


class Database:
    """Made inside the running loop. `stop` ends every wait."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._threads = DatabaseThreads()

    async def patiently(self, work: Callable[[], T]) -> T:
        """Try until the database is there: a message that is given back comes again at once. Raises Stopping."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return await self._threads.run(work)
            except AWAY as error:
                logger.warning("the database cannot be reached, messages wait: %s", error)
            await self.rest(pause)
            if self._stop.is_set():
                raise Stopping("told to stop while the database is away")
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def if_it_is_there(self, work: Callable[[], T]) -> T | None:
        """None while the database is away: the next look will do."""
        try:
            return await self._threads.run(work)
        except AWAY as error:
            logger.warning("the database cannot be reached: %s", error)
            return None

    async def rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()

    def close(self) -> None:
        self._threads.close()
