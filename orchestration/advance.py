"""Decisions written down: the one place where a saga's and a step's status come from, for drains and operators alike.

Nothing here talks to the database: each function turns a saga as it was read and something that happened into the
`SagaChange` that `store.record` writes, or does not when the saga has moved on meanwhile.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from orchestration.core import parking
from orchestration.core.decisions import Admission, decide, decide_and_begin
from orchestration.core.draft import Decision
from orchestration.core.events import CannotGoOn, DeadlinePassed, Event, Lost, StaleEpoch
from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import ENDED, SagaStatus
from orchestration.store.rows import AttemptRow, SagaChange, StoredSaga

CLEAR_ERROR = "null"
LEFT_TO_OTHERS = ""
NOTHING: Mapping[int, str] = {}
NEWS = ENDED | {SagaStatus.STUCK}
FORWARD = (SagaStatus.PENDING, SagaStatus.RUNNING)
IN_FLIGHT = (SagaStatus.RUNNING, SagaStatus.COMPENSATING)


@dataclass(frozen=True, slots=True)
class Owner:
    """A drain that may call.

    `admit(due, steps)`: which of the due steps may be called now, and what keeps the others back. `takes_on()` is
    False once the drain is to stop: then outcomes are recorded, and what follows is left to others.
    """

    drain_id: UUID
    admit: Admission
    takes_on: Callable[[], bool]

    def admission(self, due: Sequence[StepState], steps: Sequence[StepState]) -> tuple[Sequence[StepState], str | None]:
        return self.admit(due, steps) if self.takes_on() else ((), LEFT_TO_OTHERS)


@dataclass(frozen=True, slots=True)
class Happened:
    """What goes into the journal and the attempts beside the moves.

    `errors`: JSON texts of what steps failed with, by position, where no attempt says it.
    """

    kind: str
    attempts: Sequence[AttemptRow] = ()
    actor: str = ""
    reason: str = ""
    errors: Mapping[int, str] = field(default_factory=dict)


def claimed(saga: StoredSaga, owner: Owner, now: datetime, kept_out: str | None = None) -> SagaChange:
    """A drain takes a due saga: calls that were lost with an earlier owner, the deadline, and the first intents.

    `kept_out`: what the whole saga waits for, such as its lock. Until its deadline nothing happens to it then.
    """
    if kept_out is not None and not (now >= saga.state.deadline_at and saga.state.status in FORWARD):
        waits = Decision(saga.state, saga.state)
        return _change(saga, waits, Happened("parked"), now, epoch=saga.epoch + 1, parked_on=kept_out)
    lost = [_lost_attempt(saga, step, now) for step in saga.state.calls_out()]
    happened: list[Event] = [Lost(attempt.position) for attempt in lost]
    if now >= saga.state.deadline_at:
        happened.append(DeadlinePassed())
    journal = Happened("lost" if lost else "claimed", lost)
    return _owned(saga, happened, journal, owner.drain_id, owner.admission, now, epoch=saga.epoch + 1)


def owned(
    saga: StoredSaga, answers: Sequence[Event], attempts: Sequence[AttemptRow], owner: Owner, now: datetime
) -> SagaChange:
    """A saga that this drain owns: calls have ended, or a time has come; the intents that follow are in the change."""
    # After a stale epoch only a claim, which raises the epoch, makes another try worth while.
    stale = any(isinstance(event, StaleEpoch) for event in answers)
    kind = "answered" if answers else "due"
    if now >= saga.state.deadline_at and saga.state.status in FORWARD and not saga.state.overdue:
        answers, kind = (*answers, DeadlinePassed()), "answered" if answers else "deadline"
    happened = Happened(kind, attempts)
    return _owned(
        saga, answers, happened, owner.drain_id, _left_to_others if stale else owner.admission, now, epoch=saga.epoch
    )


def outside(saga: StoredSaga, event: Event, happened: Happened, now: datetime) -> SagaChange:
    """Somebody other than the owner acts: at once, and so that the owner's next write notices.

    Raises NotAllowed when the act does not fit.
    """
    decision = decide(saga.state, event, now)
    keeps_owner = saga.drain_id is not None and bool(decision.after.calls_out())
    return _change(
        saga, decision, happened, now, epoch=saga.epoch, outside_writes=saga.outside_writes + 1,
        drain_id=saga.drain_id if keeps_owner else None, parked_on=_back_in_line(saga, decision.after),
    )  # fmt: skip


def _back_in_line(saga: StoredSaga, after: SagaState) -> str | None:
    """A saga that was stuck, or had completed, has left its place among those in flight: it waits for one again."""
    if saga.definition.concurrency is None or after.status not in IN_FLIGHT:
        return None
    queue = parking.concurrency(saga.definition.name)
    return queue if saga.state.status in NEWS or saga.parked_on == queue else None


def given_back(saga: StoredSaga, attempts: Sequence[AttemptRow], now: datetime) -> SagaChange:
    """The drain stops: calls that are still out are given up (in doubt, no retry used) and the saga is due at once."""
    lost = [Lost(attempt.position, blamed=False) for attempt in attempts]
    decision, _kept_back = decide_and_begin(saga.state, lost, now, _left_to_others)
    return _change(saga, decision, Happened("given_back", attempts), now, epoch=saga.epoch)


def cannot_go_on(saga: StoredSaga, reason: str, attempts: Sequence[AttemptRow], now: datetime) -> SagaChange:
    """The engine itself fails on this saga: stuck, with its owner gone, while all others go on."""
    decision = decide(saga.state, CannotGoOn(reason), now)
    return _change(saga, decision, Happened("cannot_go_on", attempts), now, epoch=saga.epoch)


def landed(saga: StoredSaga, change: SagaChange) -> StoredSaga:
    """Bring `saga` up to what has landed, in place."""
    saga.state = change.state
    saga.epoch = change.epoch
    saga.outside_writes = change.outside_writes
    saga.revision = change.revision
    saga.drain_id = change.drain_id
    saga.parked_on = change.parked_on
    saga.started_at = change.started_at
    return saga


def _left_to_others(_due: Sequence[StepState], _steps: Sequence[StepState]) -> tuple[Sequence[StepState], str]:
    return (), LEFT_TO_OTHERS


def _owned(
    saga: StoredSaga,
    events: Iterable[Event],
    happened: Happened,
    drain_id: UUID,
    admit: Admission,
    now: datetime,
    *,
    epoch: int,
) -> SagaChange:
    decision, kept_back = decide_and_begin(saga.state, events, now, admit)
    calls_out = bool(decision.after.calls_out())
    return _change(
        saga, decision, happened, now, epoch=epoch, parked_on=None if calls_out else kept_back or None,
        drain_id=drain_id if calls_out else None,
    )  # fmt: skip


def _change(
    saga: StoredSaga,
    decision: Decision,
    happened: Happened,
    now: datetime,
    *,
    epoch: int,
    drain_id: UUID | None = None,
    parked_on: str | None = None,
    outside_writes: int | None = None,
) -> SagaChange:
    state = decision.after
    return SagaChange(
        id=saga.id, seen_epoch=saga.epoch, seen_outside_writes=saga.outside_writes, state=state, epoch=epoch,
        outside_writes=saga.outside_writes if outside_writes is None else outside_writes,
        revision=saga.revision + decision.changes_revision, drain_id=drain_id,
        due_at=None if drain_id else state.wake_at(now),
        parked_on=parked_on,
        started_at=saga.started_at or (None if state.status is SagaStatus.PENDING else now),
        finished_at=now if state.ended else None,
        kind=happened.kind, at=now, moves=" ".join(map(str, decision.moves)), actor=happened.actor,
        reason=happened.reason or decision.why,
        steps=decision.changed_steps, step_errors=_step_errors(decision, happened),
        step_outputs=NOTHING if outside_writes is None else _step_outputs(decision, happened),
        attempts=happened.attempts, news=state.status in NEWS and state.status is not saga.state.status,
    )  # fmt: skip


def _step_errors(decision: Decision, happened: Happened) -> dict[int, str]:
    """A step keeps the last error of its action until the action succeeds; errors of the undo stand in its attempts."""
    errors = {step: CLEAR_ERROR if error is None else json.dumps(error) for step, error in decision.errors.items()}
    for attempt in happened.attempts:
        if attempt.direction == "action":
            error = CLEAR_ERROR if attempt.outcome == "succeeded" else attempt.error
            if (
                error is not None
                and decision.after.steps[attempt.position] is not decision.before.steps[attempt.position]
            ):
                errors[attempt.position] = error
    return {**errors, **happened.errors} if happened.errors else errors


def _step_outputs(decision: Decision, happened: Happened) -> Mapping[int, str]:
    """What steps have answered in this decision, where none of the attempts written with it says it.

    Only from outside: what a drain's calls answer stands in their attempts.
    """
    if decision.after.outputs is decision.before.outputs:
        return NOTHING
    told = {attempt.position for attempt in happened.attempts if attempt.answer is not None}
    return {step: json.dumps(output) for step, output in decision.new_outputs.items() if step not in told}


def _lost_attempt(saga: StoredSaga, step: StepState, now: datetime) -> AttemptRow:
    error = '{"message": "the worker died while the call was out", "code": "worker_lost"}'
    return AttemptRow(
        position=step.definition.index, direction=step.direction.value, number=step.attempt, epoch=saga.epoch,
        started_at=step.attempt_started_at or now, finished_at=now, outcome="lost", error=error,
    )  # fmt: skip
