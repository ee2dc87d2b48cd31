"""The sagas that a drain owns now, and when the ones it let go are due again."""

import heapq
import time
from datetime import datetime
from uuid import UUID

from orchestration import advance
from orchestration.core.saga_state import SagaState
from orchestration.core.states import OUT, SagaStatus
from orchestration.drain.caller import Caller
from orchestration.drain.clock import DatabaseClock
from orchestration.drain.lease import Announcer
from orchestration.store.figures import Figures, saga_landed
from orchestration.store.rows import SagaChange, StoredSaga

DEADLINE_LOOK_SECONDS = 0.5
KEPT_BACK_SECONDS = 1.0
_BEGUN = (SagaStatus.PENDING, SagaStatus.RUNNING)


class Holding:
    """`suspects`: those of the sagas with a call out whose step lost its worker before.

    `parked`: what sagas were parked on since somebody looked; `left`: those for whose lock or place others wait.
    """

    def __init__(self, drain_id: UUID, clock: DatabaseClock, figures: Figures) -> None:
        self.sagas: dict[UUID, StoredSaga] = {}
        self.suspects: set[UUID] = set()
        self.parked: list[str] = []
        self.left: list[StoredSaga] = []
        self._drain_id = drain_id
        self._clock = clock
        self._figures = figures
        self._due_times: list[tuple[float, UUID]] = []
        self._came_due: set[UUID] = set()
        self._next_deadline_look = 0.0

    def attach(self, caller: Caller, announcer: Announcer) -> None:
        """What makes the calls and tells the pages; both live inside the running loop."""
        self._caller = caller
        self._announcer = announcer

    def landed(self, saga: StoredSaga, change: SagaChange) -> None:
        """`change` of `saga` is in the database: hold what is ours, and start its calls."""
        self._announcer.changed(saga.id, change.revision)
        saga_landed(self._figures, saga, change)
        if saga.parent_id is not None and change.finished_at is not None:
            self._caller.ended(saga.id)
        if change.parked_on is not None:
            self.parked.append(change.parked_on)
        if saga.lock_key is not None or saga.definition.concurrency is not None:
            self._mind_others(saga, change)
        self.hold(advance.landed(saga, change), None if change.parked_on else change.due_at)

    def _mind_others(self, saga: StoredSaga, change: SagaChange) -> None:
        if change.finished_at is not None or change.state.status is SagaStatus.STUCK:
            self.left.append(saga)

    def hold(self, saga: StoredSaga, due_at: datetime | None = None) -> None:
        """Keep `saga` and start its calls if this drain owns it, else let it go and remember when it is due."""
        if saga.drain_id == self._drain_id:
            self.sagas[saga.id] = saga
            self._caller.start(saga)
            due_at = self._mind(saga)
        else:
            self.forget(saga.id)
        if due_at is not None:
            self._remember(saga.id, due_at)

    def _mind(self, saga: StoredSaga) -> datetime | None:
        """Note whether a suspect is out; returns when a step is due. One pass: it is made for each record."""
        suspect, due_at = False, None
        for step in saga.state.steps:
            if step.losses and step.status in OUT:
                suspect = True
            if step.due_at is not None and (due_at is None or step.due_at < due_at):
                due_at = step.due_at
        if suspect:
            self.suspects.add(saga.id)
        elif self.suspects:
            self.suspects.discard(saga.id)
        return due_at

    def _remember(self, saga_id: UUID, due_at: datetime) -> None:
        """What is held and due, but kept back, is looked at again after a moment."""
        wait = (due_at - self._clock.now()).total_seconds()
        if wait <= 0:
            wait = KEPT_BACK_SECONDS if saga_id in self.sagas else 0
        heapq.heappush(self._due_times, (time.monotonic() + wait, saga_id))

    def forget(self, saga_id: UUID) -> None:
        """It is not ours, or not any more."""
        saga = self.sagas.pop(saga_id, None)
        self._caller.drop(saga_id, saga.definition if saga else None)
        self.suspects.discard(saga_id)

    def next_due_in(self) -> float | None:
        """Seconds until the next saga is due, held or let go; None: none is known."""
        return max(0.0, self._due_times[0][0] - time.monotonic()) if self._due_times else None

    def others_came_due(self) -> bool:
        """Whether the time of a saga that was let go has come since the last question."""
        now, others = time.monotonic(), False
        while self._due_times and self._due_times[0][0] <= now:
            saga_id = heapq.heappop(self._due_times)[1]
            if saga_id in self.sagas:
                self._came_due.add(saga_id)
            else:
                others = True
        return others

    def came_due(self) -> set[UUID]:
        """Sagas held of which a step has become due, or whose deadline has passed, since the last question."""
        came, self._came_due = self._came_due, set()
        return came | self._deadlines_passed() if time.monotonic() >= self._next_deadline_look else came

    def _deadlines_passed(self) -> set[UUID]:
        self._next_deadline_look = time.monotonic() + DEADLINE_LOOK_SECONDS
        now = self._clock.now()
        return {key for key, one in self.sagas.items() if _deadline_counts(one.state) and one.state.deadline_at <= now}


def _deadline_counts(state: SagaState) -> bool:
    return state.status in _BEGUN and not (state.overdue or state.stuck_code)
