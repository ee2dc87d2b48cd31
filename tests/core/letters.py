"""Sagas in letters: `saga("ssr")` has two steps that succeeded and one that is running.

p pending, d due, r running, w waiting, s succeeded, f failed, k skipped,
u compensation due, c compensating, x compensated, y compensation failed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from orchestration.core.definitions import RetryPolicy, StepDefinition
from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import SagaStatus, StepKind, StepStatus

G = SagaStatus
S = StepStatus
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
DEADLINE = NOW + timedelta(hours=24)
STATUS = {
    "p": S.PENDING, "d": S.DUE, "r": S.RUNNING, "w": S.WAITING, "s": S.SUCCEEDED, "f": S.FAILED, "k": S.SKIPPED,
    "u": S.COMPENSATION_DUE, "c": S.COMPENSATING, "x": S.COMPENSATED, "y": S.COMPENSATION_FAILED,
}  # fmt: skip
LETTER = {status: letter for letter, status in STATUS.items()}

TRIES = 3
UNDO_TRIES = 4
RETRY = RetryPolicy(TRIES, timedelta(seconds=1), 2, timedelta(seconds=30))
UNDO_RETRY = RetryPolicy(UNDO_TRIES, timedelta(seconds=2), 3, timedelta(seconds=300))

_SENT: dict[str, Any] = {"action_attempts": 1, "sent": True, "refused_only": False}
_FIELDS: dict[str, dict[str, Any]] = {
    "p": {},
    "d": {"due_at": NOW},
    "r": {"action_attempts": 1, "tries": 1, "attempt_started_at": NOW},
    "w": {**_SENT, "due_at": NOW + timedelta(seconds=1)},
    "s": {**_SENT, "tries": 1},
    "f": {**_SENT, "action_attempts": TRIES, "tries": TRIES},
    "k": {},
    "u": {"action_attempts": 1, "due_at": NOW},
    "c": {"action_attempts": 1, "compensation_attempts": 1, "tries": 1, "attempt_started_at": NOW},
    "x": {"action_attempts": 1, "compensation_attempts": 1, "tries": 1, "sent": True, "refused_only": False},
    "y": {"action_attempts": 1, "compensation_attempts": UNDO_TRIES, "tries": UNDO_TRIES, "sent": True},
}
_NO_CALL: dict[str, dict[str, Any]] = {**_FIELDS, "w": {"due_at": NOW + timedelta(seconds=60)}, "s": {}, "f": {}}
APPROVAL: dict[str, Any] = {
    "kind": StepKind.APPROVAL, "participant": "", "action": "", "compensation": None, "wait": timedelta(seconds=60),
}  # fmt: skip
TIMER: dict[str, Any] = {**APPROVAL, "kind": StepKind.WAIT}
BACKOFF: dict[str, Any] = {"due_at": NOW + timedelta(seconds=1)}

Steps = Mapping[int, Mapping[str, Any]]


def saga(letters: str, *, at: Steps | None = None, defined: Steps | None = None, **fields: Any) -> SagaState:
    """A saga whose steps stand as `letters` say. `at` and `defined` change fields of a step, or of its definition.

    `stages=[0, 0, 1]` puts steps side by side, `pivot=1` makes the second the pivot. The saga's status follows from the
    letters unless it is given.
    """
    stages, pivot = fields.pop("stages", range(len(letters))), fields.pop("pivot", None)
    definitions = [
        _definition(index, stages[index], {"pivot": index == pivot, **(defined or {}).get(index, {})})
        for index in range(len(letters))
    ]
    steps = tuple(
        StepState(definition, STATUS[letter], **{**_standing(letter, definition), **(at or {}).get(index, {})})
        for index, (letter, definition) in enumerate(zip(letters, definitions, strict=True))
    )
    status = fields.pop("status", None) or _status(letters)
    stuck = {"stuck_code": "held", "stuck_reason": "a reason"} if status is G.STUCK else {}
    return SagaState(**{"status": status, "steps": steps, "deadline_at": DEADLINE, **stuck, **fields})


def letters(state: SagaState) -> str:
    """The steps' statuses in letters."""
    return "".join(LETTER[step.status] for step in state.steps)


def at_rest(state: SagaState) -> tuple[SagaStatus, str]:
    """What most rules are about: the saga's status and its steps."""
    return state.status, letters(state)


def stepped(state: SagaState, index: int, **fields: Any) -> SagaState:
    """The same saga with other fields of one step."""
    steps = list(state.steps)
    steps[index] = steps[index]._replace(**fields)
    return state._replace(steps=tuple(steps))


def _standing(letter: str, definition: StepDefinition) -> dict[str, Any]:
    return (_FIELDS if definition.kind is StepKind.CALL else _NO_CALL)[letter]


def _definition(index: int, stage: int, fields: Mapping[str, Any]) -> StepDefinition:
    values = {
        "name": f"step-{index + 1}", "participant": "somebody", "action": "/do", "compensation": "/undo",
        "retry": RETRY, "compensation_retry": UNDO_RETRY,
    }  # fmt: skip
    return StepDefinition(index=index, stage=stage, **{**values, **fields})


def _status(letters: str) -> SagaStatus:
    found = set(letters)
    for status, tell_tale in ((G.STUCK, "y"), (G.COMPENSATING, "uc"), (G.COMPENSATED, "x"), (G.STUCK, "f")):
        if found & set(tell_tale):
            return status
    if found <= set("sk"):
        return G.COMPLETED
    return G.RUNNING if found & set("rws") else G.PENDING
