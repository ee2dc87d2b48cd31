"""The drain: one RQ job's life.

Claim a batch of due sagas, call their participants concurrently, record finished calls in batches (outcome and next
intent in one transaction), go on. Each stage is a method; the loop itself fits on a page.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import psycopg

from orchestration import advance, dispatch
from orchestration.advance import Owner
from orchestration.core.saga_state import StepState
from orchestration.core.states import StepKind
from orchestration.drain import counting, reading, records, rescue, settling
from orchestration.drain.caller import Caller
from orchestration.drain.calls import Finished, given_up
from orchestration.drain.catalogue import Catalogue
from orchestration.drain.clock import DatabaseClock
from orchestration.drain.connections import GONE, Connection, connect, reconnected
from orchestration.drain.holding import Holding
from orchestration.drain.lease import Announcer, Lease, listen
from orchestration.drain.suspects import Apart, Suspects, apart
from orchestration.store import leases
from orchestration.store.figures import Figures
from orchestration.store.rows import SagaChange

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
        self.owner = Owner(self.lease.id, self._blocked_by, self._takes_on)
        self.claimer = Owner(self.lease.id, self._blocked_by, lambda: not self.summary.stopped)
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
                self.suspects.end()
            await self._give_back()
        return self.summary

    def wake(self) -> None:
        """Something may be due, or a stop was asked for."""
        self.look = True
        self._wake.set()

    # -- the frame ---------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _set_up(self) -> AsyncIterator[None]:
        self._wake = asyncio.Event()
        self.connection: Connection = await connect("sagaconsole drain")
        self.clock.sync(await self.lease.begin(self.connection))
        await self.lease.look_for_suspects(self.connection)
        self.caller = Caller(self.lease, self.catalogue, self.clock, self._call_ended)
        announcer = Announcer()
        self.held.attach(self.caller, announcer)
        helpers = [
            asyncio.create_task(self.lease.keep(self.caller.out, self.wake, partial(counting.write, self.figures))),
            asyncio.create_task(listen(dispatch.DUE_CHANNEL, self.wake)),
            asyncio.create_task(announcer.run()),
        ]
        try:
            yield
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            await self.caller.close()
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

    def _takes_on(self) -> bool:
        """What follows a call is left to others while suspects come first."""
        return not (self.summary.stopped or self.suspects.come_first)

    def _blocked_by(self, step: StepState) -> str | None:
        if not self.suspects.may_be_called(step):
            return apart(step)
        participant = step.definition.participant
        if step.definition.kind is StepKind.SAGA:
            return None
        return None if self.catalogue.may_be_called(participant) else f"participant:{participant}"

    # -- claim -------------------------------------------------------------------------------------------------

    async def _claim(self) -> None:
        """Take due sagas: owner, epoch and first intents in one transaction; then start their calls."""
        room = self._room()
        calling = self.suspects.begin()
        try:
            async with self.connection.transaction():
                sagas = await reading.claim(self, room=room)
                now = self.clock.now()
                changes = [
                    settling.guarded(saga, now, lambda s: advance.claimed(s, self.claimer, now)) for saga in sagas
                ]
                if changes:
                    await records.record(self.connection, changes, self.clock)
        except GONE as error:
            self.connection = await reconnected(self.connection, error, self.lease.holds)
            return
        except psycopg.Error as error:
            await rescue.claim_one_by_one(self, sagas, error)
            return
        # Where suspects were found more may wait; where none is left, or where some were parked, the lease looks again.
        self.look = len(sagas) >= room or (calling is not None and bool(sagas))
        self._poll = SHORTEST_POLL if sagas else self._poll
        self.summary.claimed += len(sagas)
        counting.claimed(self.figures, changes, len(sagas))
        for saga, change in zip(sagas, changes, strict=True):
            self.held.landed(saga, change)
        await self._mind_suspects(calling, changes)

    async def _mind_suspects(self, calling: Apart | None, changes: Sequence[SagaChange]) -> None:
        """Look at once whether suspects wait: when some were just parked, and when none of a kind is left."""
        none_left = calling is not None and not changes and not self.held.suspects
        if none_left or any(change.parked_on in set(Apart) for change in changes):
            self.suspects.end()
            with contextlib.suppress(*GONE):  # the next statement of the loop finds that out too
                await self.lease.look_for_suspects(self.connection)
            # Those that could not be claimed though they wait are locked by somebody: not again at once.
            self.look = calling is None or self.lease.waiting is not calling

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

    def _call_ended(self, finished: Finished) -> None:
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
            await self.connection.execute(leases.END_DRAIN, [self.lease.id])
        except psycopg.Error as error:
            logger.warning("drain %s: could not give back, its lease will run out: %s", self.lease.id, error)
