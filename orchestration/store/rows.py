"""What the statements read and write, as values."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from orchestration.core.definitions import SagaDefinition
from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import SagaStatus, StepStatus

SAGA_COLUMNS = """s.id, s.definition_id, s.status, s.paused, s.stuck_code, s.stuck_reason, s.deadline_at, s.epoch,
    s.outside_writes, s.revision, s.business_key, s.started_at, s.drain_id, s.due_at, s.parked_on, d.input::text,
    s.overdue, s.lock_key, s.parent_id"""
STEP_COLUMNS = """saga_id, position, status, in_doubt, sent, refused_only, effect_stands, never_undoable, tries, losses,
    stale_answers, action_attempts, compensation_attempts, due_at, attempt_started_at, started_at, finished_at,
    done, answer_by, origin_saga_id, edited_input::text"""


@dataclass(slots=True)
class StoredSaga:
    """A saga as the database holds it."""

    id: UUID
    definition: SagaDefinition
    state: SagaState
    epoch: int
    outside_writes: int
    revision: int
    business_key: str
    started_at: datetime | None
    drain_id: UUID | None
    parked_on: str | None = None
    lock_key: str | None = None
    parent_id: UUID | None = None


class AttemptRow(NamedTuple):
    """One try that has ended. `request`, `answer` and `error` are JSON texts or None."""

    position: int
    direction: str
    number: int
    epoch: int
    started_at: datetime
    finished_at: datetime
    outcome: str
    request: str | None = None
    answer: str | None = None
    error: str | None = None
    fault: str = ""


@dataclass(slots=True)
class SagaChange:
    """Everything that one saga's transaction writes, and the epoch and `outside_writes` that it was decided on.

    `news`: it ends or gets stuck by this, which webhooks are told.
    `step_errors` by position: a JSON text to store, "null" to clear; a step that is missing keeps its error.
    `step_outputs` by position: JSON texts of what steps answered where no attempt says it.
    """

    id: UUID
    seen_epoch: int
    seen_outside_writes: int
    state: SagaState
    epoch: int
    outside_writes: int
    revision: int
    drain_id: UUID | None
    due_at: datetime | None
    parked_on: str | None
    started_at: datetime | None
    finished_at: datetime | None
    kind: str
    at: datetime
    moves: str = ""
    actor: str = ""
    reason: str = ""
    steps: Sequence[StepState] = ()
    step_errors: Mapping[int, str] = field(default_factory=dict)
    step_outputs: Mapping[int, str] = field(default_factory=dict)
    attempts: Sequence[AttemptRow] = ()
    news: bool = False


def stored_sagas(
    sagas: Iterable[Sequence[Any]],
    steps: Iterable[Sequence[Any]],
    outputs: Iterable[Sequence[Any]],
    definitions: Mapping[int, SagaDefinition],
    unreadable: dict[UUID, Exception] | None = None,
) -> list[StoredSaga]:
    """Put rows of the three reads together. `outputs` rows: (saga id, position, answer as JSON text).

    A saga that cannot be made of its rows is left out and put into `unreadable`; without that the error is raised.
    """
    steps_of: defaultdict[UUID, list[Sequence[Any]]] = defaultdict(list)
    for row in steps:
        steps_of[row[0]].append(row)
    outputs_of: defaultdict[UUID, list[Sequence[Any]]] = defaultdict(list)
    for row in outputs:
        outputs_of[row[0]].append(row)
    found: list[StoredSaga] = []
    for row in sagas:
        try:
            found.append(_stored(row, steps_of[row[0]], outputs_of[row[0]], definitions[row[1]]))
        except Exception as error:
            if unreadable is None:
                raise
            unreadable[row[0]] = error
    return found


def _stored(
    row: Sequence[Any], steps: list[Sequence[Any]], outputs: list[Sequence[Any]], definition: SagaDefinition
) -> StoredSaga:
    names = [step.name for step in definition.steps]
    state = SagaState(
        status=SagaStatus(row[2]), paused=row[3], stuck_code=row[4], stuck_reason=row[5], deadline_at=row[6],
        overdue=row[16],
        steps=tuple(
            StepState._make((definition.steps[row[1]], StepStatus(row[2]), *row[3:-1], row[-1] and json.loads(row[-1])))
            for row in sorted(steps, key=_position)
        ),
        input=json.loads(row[15]),
        outputs={names[position]: json.loads(answer) for _saga, position, answer in outputs if answer is not None},
    )  # fmt: skip
    return StoredSaga(
        id=row[0], definition=definition, state=state, epoch=row[7], outside_writes=row[8], revision=row[9],
        business_key=row[10], started_at=row[11], drain_id=row[12], parked_on=row[14], lock_key=row[17],
        parent_id=row[18],
    )  # fmt: skip


def _position(row: Sequence[Any]) -> int:
    return int(row[1])
