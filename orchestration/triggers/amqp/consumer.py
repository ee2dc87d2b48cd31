"""The consumer's life: connect, work, and through every absence of the broker come back, ever more slowly."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable

import aio_pika

from orchestration import announcements, broker_health
from orchestration.participants.amqp_errors import AMQP_TROUBLE
from orchestration.participants.tls import ssl_context
from orchestration.triggers.amqp.database import Database, Stopping
from orchestration.triggers.amqp.shift import CHANNEL, Shift
from orchestration.triggers.amqp.topology import Names

logger = logging.getLogger(__name__)
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 10.0
CONNECT_SECONDS, LOOK_SECONDS = 10.0, 0.5


class Consumer:
    """Runs until `stop` is set. `tells`: whether it announces the ends of sagas. Made inside the running loop."""

    def __init__(self, *, url: str, prefix: str, prefetch: int, tells: bool, stop: asyncio.Event) -> None:
        self._url, self._names, self._prefetch = url, Names(prefix), prefetch
        self._tells, self._stop = tells, stop
        self._database = Database(stop)
        self._has_broker = False

    async def run(self, on_connected: Callable[[], None]) -> None:
        """`on_connected` is called each time that the broker is there and messages are taken."""
        beats = asyncio.create_task(self._beat_for_ever())
        listen = announcements.listen if self._tells else announcements.stop_listening
        with contextlib.suppress(Stopping):
            await self._database.patiently(lambda: listen(CHANNEL))
        pause = FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            try:
                await self._work(on_connected)
            except AMQP_TROUBLE as error:
                logger.warning("the broker cannot be reached: %s", str(error) or type(error).__name__)
            pause = FIRST_PAUSE_SECONDS if self._has_broker else min(2 * pause, LONGEST_PAUSE_SECONDS)
            await self._broker_is(there=False)
            await self._database.rest(pause * random.uniform(0.5, 1))  # noqa: S311  consumers shall not come all at once
        beats.cancel()
        self._database.close()

    async def _work(self, on_connected: Callable[[], None]) -> None:
        """Until the connection is lost, which raises, or `stop` is set: then what was begun is finished."""
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await aio_pika.connect(self._url, ssl_context=ssl_context())
        async with connection:
            shift = Shift(await connection.channel(), self._names, self._database)
            await shift.begin(self._prefetch)
            await self._broker_is(there=True)
            on_connected()
            while not self._stop.is_set():
                await shift.look()
                await self._database.rest(LOOK_SECONDS)
            await shift.end()

    async def _broker_is(self, *, there: bool) -> None:
        self._has_broker = there
        await self._database.if_it_is_there(lambda: broker_health.beat(has_broker=there))

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(broker_health.BEAT_SECONDS)
            await self._database.if_it_is_there(lambda: broker_health.beat(has_broker=self._has_broker))
