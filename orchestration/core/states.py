"""Every status and every legal move, once. `docs/state_machine.md` is compared with these tables by a test."""

from enum import StrEnum

from orchestration.core.quick_enum import quick


@quick
class SagaStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPENSATING = "compensating"
    COMPLETED = "completed"
    COMPENSATED = "compensated"
    STUCK = "stuck"
    ABANDONED = "abandoned"


@quick
class StepStatus(StrEnum):
    PENDING = "pending"
    DUE = "due"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    COMPENSATION_DUE = "compensation_due"
    COMPENSATING = "compensating"
    COMPENSATED = "compensated"
    COMPENSATION_FAILED = "compensation_failed"


@quick
class Direction(StrEnum):
    ACTION = "action"
    COMPENSATION = "compensation"


@quick
class StepKind(StrEnum):
    """What a step is: a call to a participant, a person's decision, a timer, or another saga."""

    CALL = "call"
    APPROVAL = "approval"
    WAIT = "wait"
    SAGA = "saga"


G = SagaStatus
S = StepStatus

ENDED = frozenset({G.COMPLETED, G.COMPENSATED, G.ABANDONED})
LIVE = frozenset(SagaStatus) - ENDED
UNDOING = frozenset({S.COMPENSATION_DUE, S.COMPENSATING, S.COMPENSATED, S.COMPENSATION_FAILED})
OUT = frozenset({S.RUNNING, S.COMPENSATING})
# Kinds of steps that somebody else answers: a participant, or the saga that the step is.
ANSWERED = frozenset({StepKind.CALL, StepKind.SAGA})

# Some are two moves in one transaction, such as running, compensating, compensated.
SAGA_MOVES: dict[SagaStatus, frozenset[SagaStatus]] = {
    G.PENDING: frozenset({G.RUNNING, G.COMPENSATING, G.COMPENSATED, G.COMPLETED, G.STUCK, G.ABANDONED}),
    G.RUNNING: frozenset({G.COMPENSATING, G.COMPLETED, G.COMPENSATED, G.STUCK, G.ABANDONED}),
    G.COMPENSATING: frozenset({G.COMPENSATED, G.STUCK, G.ABANDONED}),
    G.STUCK: frozenset({G.RUNNING, G.COMPENSATING, G.COMPLETED, G.COMPENSATED, G.ABANDONED}),
    # Only a sub-saga, and only when its parent goes back: to its parent it is one step, which is undone as one.
    G.COMPLETED: frozenset({G.COMPENSATING, G.COMPENSATED}),
    G.COMPENSATED: frozenset(),
    G.ABANDONED: frozenset(),
}

STEP_MOVES: dict[StepStatus, frozenset[StepStatus]] = {
    S.PENDING: frozenset({S.DUE}),
    # First try and retry alike wait in `due` until their time. A callback may answer a try before the next one.
    S.DUE: frozenset({S.RUNNING, S.WAITING, S.SUCCEEDED, S.FAILED, S.SKIPPED, S.COMPENSATION_DUE}),
    S.RUNNING: frozenset({S.SUCCEEDED, S.WAITING, S.DUE, S.FAILED, S.COMPENSATION_DUE}),
    # Asked again, answered, or not answered in time; approvals and timers are skipped when the saga turns back.
    S.WAITING: frozenset({S.RUNNING, S.SUCCEEDED, S.DUE, S.FAILED, S.SKIPPED, S.COMPENSATION_DUE}),
    S.SUCCEEDED: frozenset({S.COMPENSATION_DUE}),
    # To succeeded: a person has found out that it took effect.
    S.FAILED: frozenset({S.DUE, S.SUCCEEDED, S.SKIPPED, S.COMPENSATION_DUE}),
    S.SKIPPED: frozenset(),
    S.COMPENSATION_DUE: frozenset({S.COMPENSATING, S.COMPENSATED, S.COMPENSATION_FAILED}),
    S.COMPENSATING: frozenset({S.COMPENSATED, S.COMPENSATION_DUE, S.COMPENSATION_FAILED}),
    S.COMPENSATED: frozenset(),
    S.COMPENSATION_FAILED: frozenset({S.COMPENSATION_DUE, S.COMPENSATED, S.SKIPPED}),
}
