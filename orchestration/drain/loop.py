"""The drain: one RQ job's life.

Claim a batch of due sagas, call their participants concurrently, record finished calls in batches (outcome and next
intent in one transaction), go on. Each stage is a method; the loop itself fits on a page.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial

import psycopg

from orchestration import advance, dispatch
from orchestration.advance import Owner
from orchestration.core import parking
from orchestration.drain import claiming, counting, reading, records, settling
from orchestration.drain.breakers import Breakers
from orchestration.drain.caller import Caller
from orchestration.drain.calls import Finished, given_up
from orchestration.drain.catalogue import Catalogue
from orchestration.drain.clock import DatabaseClock
from orchestration.drain.connections import Connection, connect
from orchestration.drain.gates import Gates
from orchestration.drain.holding import Holding
from orchestration.drain.lease import Announcer, Lease, listen
from orchestration.drain.queues import Queues
from orchestration.drain.slots import Slots
from orchestration.drain.suspects import Suspects
from orchestration.store import leases
from orchestration.store.figures import Figures

logger = logging.getLogger(__name__)
BATCH = 200
SETTLE_SECONDS = 3.0
SHORTEST_POLL, LONGEST_POLL = 0.02, 0.5
RESTS_EVERY, RESTS_FOR = 30, 3


@dataclass(slots=True)
class Summary:
    """What a drain did. `stopped`: it was told to stop; `lost`: it lost its lease."""

    claimed: int = 0
    calls: int = 0
    stale: int = 0
    stopped: bool = False
    lost: bool = False


class Drain:
    """`slice_seconds`: after this long it ends as soon as it holds nothing. `max_calls`: how many calls may be out."""

    def __init__(self, *, slice_seconds: float, max_calls: int, stop_requested: Callable[[], bool]) -> None:
        self.slice_seconds = slice_seconds
        self.max_calls = max_calls
        self.stop_requested = stop_requested
        self.summary = Summary()
        self.look = True
        self.marks = reading.LowWater()
        self.lease = Lease()
        self.clock = DatabaseClock()
        self.figures = Figures()
        self.held = Holding(self.lease.id, self.clock, self.figures)
        self.catalogue = Catalogue()
        self.suspects = Suspects(self.lease, self.held)
        self.slots = Slots(self.lease.id, self.catalogue, self.clock)
        self.breakers = Breakers()
        self.queues = Queues(self)
        self.gates = Gates(self)
        self.owner = Owner(self.lease.id, self.gates.admit, self._takes_on)
        self.claimer = Owner(self.lease.id, self.gates.admit, self._may_begin)
        self.liner = Owner(self.lease.id, self.gates.admit_from_line, self._may_begin)
        self.finished: list[Finished] = []
        self._started = time.monotonic()
        self._poll = SHORTEST_POLL

    async def run(self) -> Summary:
        """Work until the slice is over, a stop is asked for, or the lease is lost."""
        async with self._set_up():
            while self._goes_on():
                if self._may_claim():
                    await self._claim()
                await self._wait()
                await settling.settle(self)
                await self._mind_flow()
                self.suspects.end()
            await self._give_back()
        return self.summary

    def wake(self) -> None:
        """Something may be due, or a stop was asked for."""
        self.look = True
        self._wake.set()

    def _notice(self, payload: str) -> None:
        self.queues.heard(payload)
        self.wake()

    # -- the frame ---------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _set_up(self) -> AsyncIterator[None]:
        self._wake = asyncio.Event()
        self.connection: Connection = await connect("sagaconsole drain")
        self.clock.sync(await self.lease.begin(self.connection))
        await self.lease.look_for_suspects(self.connection)
        self.caller = Caller(self.lease, self.catalogue, self.clock, self.slots, self._call_ended)
        announcer = Announcer()
        self.held.attach(self.caller, announcer)
        helpers = [
            asyncio.create_task(self.lease.keep(self.caller.out, self.wake, partial(counting.write, self.figures))),
            asyncio.create_task(listen(dispatch.DUE_CHANNEL, self._notice)),
            asyncio.create_task(announcer.run()),
        ]
        try:
            yield
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            await self.caller.close()
            await self.slots.close()
            await counting.write_last(self.figures, self.connection)
            await self.connection.close()

    def _goes_on(self) -> bool:
        self.summary.stopped = self.stop_requested()
        self.summary.lost = not self.lease.holds()
        idle = not (self.held.sagas or self.finished or (self.lease.waiting and not self._too_old()))
        slice_is_over = self._age() > self.slice_seconds and idle
        return not (self.summary.stopped or self.summary.lost or slice_is_over)

    def _may_claim(self) -> bool:
        return self.look and not self._too_old() and self._room() > 0

    def _too_old(self) -> bool:
        """In every 30th slice and the two after it nothing new is taken on, so that even a busy drain may end.

        Only for a while: one call that takes an hour must not keep a worker from all other work.
        """
        slices = self._age() / self.slice_seconds
        return slices >= RESTS_EVERY and slices % RESTS_EVERY < RESTS_FOR

    def _age(self) -> float:
        return time.monotonic() - self._started

    def _room(self) -> int:
        room = min(BATCH, self.max_calls - len(self.held.sagas))
        return min(room, self.suspects.room()) if self.suspects.come_first else room

    def _may_begin(self) -> bool:
        return not self.summary.stopped

    def _takes_on(self) -> bool:
        """What follows a call is left to others while suspects come first."""
        return not (self.summary.stopped or self.suspects.come_first)

    async def _claim(self) -> None:
        taken = await claiming.claim(self, self._room())
        if taken:
            self._poll = SHORTEST_POLL

    # -- wait --------------------------------------------------------------------------------------------------

    async def _wait(self) -> None:
        """Until a call has ended, something may be due, or it is time to look anyway."""
        if self.finished or (self.look and self._may_claim()):
            await asyncio.sleep(0)
            return
        next_due = self.held.next_due_in()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._poll if next_due is None else min(next_due, self._poll)):
                await self._wake.wait()
        self._wake.clear()
        if not self.finished:
            self.look = True
            self._poll = min(self._poll * 2, LONGEST_POLL)
        self.look = self.held.others_came_due() or self.look

    async def _mind_flow(self) -> None:
        """Circuits to open or close; slots that are of no use here; and whether somebody waits for those that are."""
        await self.breakers.act(self)
        lines = self.queues.lines
        if lines and self.slots.any_free(lines):
            self.look = True
        given = await self.slots.tidy(self._useless())
        waited_for = [name for name in given if parking.participant(name) in lines]
        if waited_for:
            await self.queues.tell(waited_for)

    def _useless(self) -> set[str]:
        """Participants whose slots this drain has no use for now: those that must not be called, and, while it takes on
        nothing, those for whom others wait."""
        names = {name for name, known in self.catalogue.participants.items() if not known.may_be_called}
        if self.queues.lines and (self._room() <= 0 or self._too_old() or self.suspects.come_first):
            names |= {queue.removeprefix(parking.PARTICIPANT) for queue in self.queues.lines}
        return names

    def _call_ended(self, finished: Finished) -> None:
        known = self.catalogue.participants.get(finished.participant)
        finished = self.breakers.call_ended(finished, is_open=known is not None and known.is_open)
        self.finished.append(finished)
        counting.call_ended(self.figures, finished)
        self._poll = SHORTEST_POLL
        self._wake.set()

    # -- the end -----------------------------------------------------------------------------------------------

    async def _give_back(self) -> None:
        """Calls that are out may settle for a moment; the rest is given up, and the lease with it."""
        give_up_at = time.monotonic() + SETTLE_SECONDS
        while self.held.sagas and self.lease.holds() and time.monotonic() < give_up_at:
            await self._wait()
            self.look = False
            await settling.settle(self)
        if not self.lease.holds():
            await records.count(self.connection, "lost_leases", 1)
            return
        now = self.clock.now()
        changes = [advance.given_back(saga, given_up(saga, now), now) for saga in self.held.sagas.values()]
        try:
            if changes:
                await records.record(self.connection, changes, self.clock)
            await self.slots.leave()
            await self.connection.execute(leases.END_DRAIN, [self.lease.id])
        except psycopg.Error as error:
            logger.warning("drain %s: could not give back, its lease will run out: %s", self.lease.id, error)
