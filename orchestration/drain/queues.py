"""The lines in which parked sagas stand, as far as this drain knows of them, and taking sagas out of them.

A drain that has slots takes the sagas that wait for them itself, the longest waiting first: nobody has to release them.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import psycopg

from orchestration import dispatch
from orchestration.core import parking
from orchestration.drain.connections import GONE
from orchestration.store import parked
from orchestration.store.rows import StoredSaga

if TYPE_CHECKING:
    from orchestration.drain.loop import Drain

logger = logging.getLogger(__name__)
LOOK_AROUND_SECONDS = 1.0
AGAIN_SECONDS = 0.25
TELL_SECONDS = 0.1
Rows = list[Sequence[Any]]


class Queues:
    """`lines`: names of the lines with somebody in them, and from when on it is worth looking again."""

    def __init__(self, drain: "Drain") -> None:
        self.lines: dict[str, float] = {}
        self._drain = drain
        self._look_around_at = 0.0
        self._throttle = dispatch.Throttle(TELL_SECONDS)

    def heard(self, payload: str) -> None:
        """Another process says that something has changed for these participants."""
        if not payload:
            return
        self._drain.catalogue.is_stale = True
        for queue in payload.split(","):
            self.lines[queue] = 0.0
            self._drain.slots.ask_again(queue.removeprefix(parking.PARTICIPANT))

    async def tell(self, participants: Iterable[str]) -> None:
        """Tell all drains that they may be called again, or that somebody waits for what others have in hand."""
        payload = ",".join(map(parking.participant, participants))
        if payload:
            await self._drain.slots.execute("SELECT pg_notify(%s, %s)", [dispatch.DUE_CHANNEL, payload])

    async def joined(self, queues: Iterable[str]) -> None:
        """Sagas were parked just now. Others may have the slots that they wait for: they are told now and then."""
        known = self._drain.catalogue.participants
        short = []
        for queue in set(queues):
            if queue.startswith((parking.PARTICIPANT, parking.CONCURRENCY)):
                self.lines.setdefault(queue, 0.0)
                name = queue.removeprefix(parking.PARTICIPANT)
                if name in known and known[name].may_be_called:
                    short.append(name)
        if short and self._throttle.may():
            await self.tell(short)

    async def left(self, sagas: Sequence[StoredSaga]) -> None:
        """These have ended or are stuck: others may have their places, and, of the ended ones, their locks."""
        for saga in sagas:
            queue = parking.concurrency(saga.definition.name)
            if queue in self.lines:
                self.lines[queue] = 0.0
                self._drain.look = True
        locks = [(saga.definition.name, saga.lock_key) for saga in sagas if saga.lock_key and saga.state.ended]
        if locks:
            try:
                await self._drain.connection.execute(parked.NEXT_IN_LINE, [*map(list, zip(*locks, strict=True))])
                self._drain.look = True
            except (*GONE, psycopg.errors.DeadlockDetected) as error:
                logger.warning("who waits for a lock was not told, the dispatcher will: %s", error)

    def keep_new_waiting(self, definition: str) -> int | None:
        """How many new sagas of the definition can begin, because their first calls need slots; None: any number."""
        slots, known = self._drain.slots, self._drain.catalogue
        rooms = []
        for name in known.first_participants(definition):
            participant = known.participants.get(name)
            if participant is None or not participant.may_be_called:
                return None  # they are claimed, and parked on it
            if parking.participant(name) in self.lines:
                return 0
            if slots.is_short(name):
                rooms.append(max(0, slots.free(name)))
        return min(rooms, default=None)

    async def look_around(self) -> None:
        """Which lines there are at all: once in a while, for those that nobody told of."""
        if time.monotonic() >= self._look_around_at:
            self._look_around_at = time.monotonic() + LOOK_AROUND_SECONDS
            rows = await (await self._drain.connection.execute(parked.QUEUES)).fetchall()
            for (queue,) in rows:
                self.lines.setdefault(queue, 0.0)

    async def prepare(self, room: int) -> dict[str, int]:
        """How many sagas may be taken out of each line: its participant has so many slots. Before the transaction."""
        found: dict[str, int] = {}
        for name in self._drain.slots.were_short():
            await self._drain.slots.fetch(name, room)
        for queue, not_before in list(self.lines.items()):
            if time.monotonic() < not_before:
                continue
            if queue.startswith(parking.PARTICIPANT):
                number = await self._slots_for(queue.removeprefix(parking.PARTICIPANT), room)
            else:
                number = await self._places_for(queue.removeprefix(parking.CONCURRENCY), room)
            if number > 0:
                found[queue] = number
            else:
                self.lines[queue] = time.monotonic() + AGAIN_SECONDS
        return found

    async def take(self, queue: str, number: int) -> Rows:
        """The first of a line, locked."""
        name = queue.removeprefix(parking.PARTICIPANT)
        statement = parked.CLAIM_LONGEST_PARKED if name in self._drain.slots.permits else parked.CLAIM_PARKED
        cursor = await self._drain.connection.execute(statement, {"queue": queue, "room": number})
        rows: Rows = list(await cursor.fetchall())
        if len(rows) < number:
            self.lines.pop(queue, None)
        return rows

    async def _slots_for(self, name: str, room: int) -> int:
        slots, known = self._drain.slots, self._drain.catalogue.participants.get(name)
        if known is None or known.paused:
            return 0
        if known.is_open:
            may_try = known.probe_at is None or self._drain.clock.now() >= known.probe_at
            won = may_try and await slots.win_probe(name, self._drain.catalogue.longest_timeout(name))
            self._drain.catalogue.is_stale = self._drain.catalogue.is_stale or may_try
            return int(won)
        if slots.free(name) < room:
            await slots.fetch(name, room - slots.free(name))
        return min(room, slots.free(name))

    async def _places_for(self, definition: str, room: int) -> int:
        limit = self._drain.catalogue.concurrency_of(definition)
        if limit is None:
            return 1  # one of them tells
        rows = await (await self._drain.connection.execute(parked.IN_FLIGHT, [[definition]])).fetchall()
        return min(room, limit - (rows[0][1] if rows else 0))
