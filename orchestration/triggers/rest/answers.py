"""The shapes that the API answers with, and how rows become them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema

from orchestration.core.states import Direction, SagaStatus, StepKind, StepStatus
from orchestration.models import Attempt, DefinitionDraft, FaultRule, Participant, SagaDefinition
from orchestration.queries import bodies
from orchestration.triggers.rest.words import words

SagaStatusWord = Annotated[str, words(SagaStatus)]
StepStatusWord = Annotated[str, words(StepStatus)]
KindWord = Annotated[str, words(StepKind)]
DirectionWord = Annotated[str, words(Direction)]
OutcomeWord = Annotated[str, words(Attempt.Outcome)]
TransportWord = Annotated[str, words(Participant.Transport)]
FaultKindWord = Annotated[str, words(FaultRule.Kind)]


class ErrorBody(Schema):
    code: str
    message: str
    fields: dict[str, str] | None = None


class ErrorOut(Schema):
    error: ErrorBody


_ALWAYS = (400, 401, 403, 429, 503)


def errors(*statuses: int) -> dict[int, Any]:
    """The refusals of an address that takes tokens: those that every one has, and `statuses`."""
    return dict.fromkeys(sorted({*_ALWAYS, *statuses}), ErrorOut)


TAKES_BODY = (413, 415)
ERRORS = errors(404, 409, *TAKES_BODY, 422)


class StepOut(Schema):
    """`kind`: call, approval, wait or saga. `waiting_until`: when a wait ends by itself.

    `saga`: of a sub-saga, the name of its definition; `child_saga_id`: the sub-saga itself, once it is launched.

    `origin_saga_id`: the saga that did it, where a restart has kept it; its undo carries that id, and its key.
    """

    name: str
    kind: KindWord
    status: StepStatusWord
    in_doubt: bool
    direction: DirectionWord
    attempts: int
    output: Any
    error: Any
    started_at: datetime | None
    finished_at: datetime | None
    waiting_until: datetime | None
    origin_saga_id: UUID | None
    saga: str | None
    child_saga_id: UUID | None


class SagaOut(Schema):
    """`restarted_from`: the saga that this one took over; `restarted_as`: the one that took this one over.

    `parent_saga_id`, `parent_step`: of a sub-saga, the step of the saga that it is.
    """

    id: UUID
    definition: str
    version: int
    status: SagaStatusWord
    paused: bool
    parked_on: str | None
    business_key: str
    input: dict[str, Any]
    steps: list[StepOut]
    stuck_reason: str | None
    revision: int
    open_effects: list[str]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deadline_at: datetime
    overdue: bool
    trigger: str
    launched_by: str
    restarted_from: UUID | None
    restarted_as: UUID | None
    parent_saga_id: UUID | None
    parent_step: str | None


class ConflictBody(ErrorBody):
    """`saga`: as it stands; `changed_by` did `last_act` to it, the last that anybody did."""

    saga: SagaOut
    changed_by: str
    last_act: str


class ConflictOut(Schema):
    error: ConflictBody


class SagaList(Schema):
    items: list[SagaOut]
    next_cursor: str | None


class EventOut(Schema):
    seq: int
    at: datetime
    kind: str
    status: SagaStatusWord
    actor: str | None
    moves: list[dict[str, str]]
    reason: str | None = None


class EventList(Schema):
    items: list[EventOut]
    next_cursor: str | None


class AttemptOut(Schema):
    step: str
    direction: DirectionWord
    number: int
    started_at: datetime
    finished_at: datetime
    outcome: OutcomeWord
    request: Any = None
    answer: Any = None
    error: Any = None
    fault: str | None = None


class AttemptList(Schema):
    items: list[AttemptOut]
    next_cursor: str | None


class PlannedCallOut(Schema):
    step: str
    direction: DirectionWord
    participant: str
    payload: Any = None


class PreviewOut(Schema):
    allowed: bool
    why_not: str | None = None
    calls: list[PlannedCallOut]
    revision: int


class BatchItemOut(Schema):
    status: int
    saga: SagaOut | None = None
    error: ErrorBody | None = None


class BatchOut(Schema):
    items: list[BatchItemOut]


class VersionOut(Schema):
    """`draft`: true when it was only kept as a draft; then `version` is the one that it would become."""

    name: str
    version: int
    draft: bool | None = None


class DefinitionOut(Schema):
    name: str
    version: int
    title: str
    published_at: datetime
    published_by: str
    retired_at: datetime | None
    document: dict[str, Any]


class DraftOut(Schema):
    """`text`: as it was written, of `content_type`."""

    name: str
    document: dict[str, Any]
    text: str
    content_type: str
    saved_at: datetime
    saved_by: str


class DraftList(Schema):
    items: list[DraftOut]
    next_cursor: str | None


class DefinitionList(Schema):
    items: list[DefinitionOut]
    next_cursor: str | None


class ParticipantOut(Schema):
    name: str
    transport: TransportWord
    base_url: str
    status_path: str
    has_secret: bool
    paused: bool
    paused_by: str
    paused_at: datetime | None
    pause_reason: str
    max_in_flight: int
    timeout: float
    in_flight: int
    waiting: int
    circuit: Literal["closed", "open", "recovering"]
    circuit_changed_at: datetime | None
    circuit_error: str


class ParticipantList(Schema):
    items: list[ParticipantOut]
    next_cursor: str | None


class FaultOut(Schema):
    id: int
    kind: FaultKindWord
    definition: str
    step: str
    participant: str
    direction: str
    saga_id: UUID | None
    attempts: list[int] | None
    delay: float | None
    times: int | None
    fired: int
    probability: float | None
    created_by: str
    created_at: datetime
    expires_at: datetime


class FaultList(Schema):
    items: list[FaultOut]
    next_cursor: str | None


# However a saga is asked for, it looks the same.
saga_bodies, saga_body = bodies.saga_bodies, bodies.saga_body


def definition_body(definition: SagaDefinition) -> dict[str, Any]:
    fields = ("name", "version", "title", "published_at", "published_by", "retired_at", "document")
    return {field: getattr(definition, field) for field in fields}


def draft_body(draft: DefinitionDraft) -> dict[str, Any]:
    return {field: getattr(draft, field) for field in DraftOut.model_fields}


def fault_body(rule: FaultRule) -> dict[str, Any]:
    return {field: getattr(rule, field) for field in FaultOut.model_fields}
