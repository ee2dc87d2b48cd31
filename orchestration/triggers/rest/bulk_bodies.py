"""What bulk acts take and answer with."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field, WithJsonSchema

from orchestration.bulk import BULK_ACTS, MAX_ITEMS
from orchestration.core.states import SagaStatus
from orchestration.models import Bulk, BulkItem
from orchestration.queries.bulks import BulkNow
from orchestration.triggers.rest.answers import ErrorBody
from orchestration.triggers.rest.requests import Body, Reason
from orchestration.triggers.rest.words import SomeName, words

MAX_ITEMS_SHOWN = 10_000
Result = Literal["pending", "done", "refused", "failed_again", "under_way"]
BulkActWord = Annotated[str, words(BULK_ACTS)]
BulkStatusWord = Annotated[str, words(status for status in Bulk.Status.values if status != Bulk.Status.DRAFT)]
IDS = WithJsonSchema(
    {"type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 1, "maxItems": MAX_ITEMS}
)
FILTER = WithJsonSchema({
    "type": "object", "minProperties": 1, "additionalProperties": {"type": "string"},
    "description": "The parameters of GET /sagas; status may be a list.",
})  # fmt: skip


class BulkIn(Body):
    """`filter`: as the parameters of `GET /sagas`. `canary`: 1 saga, then 10, then the rest. To abandon: `confirm`,
    which is "abandon"."""

    act: BulkActWord
    reason: Reason
    ids: Annotated[list[Any], Field(min_length=1, max_length=MAX_ITEMS), IDS] | None = None
    filter: Annotated[dict[str, Any], FILTER] | None = None
    step: SomeName = ""
    canary: bool = False
    outcome: Literal["applied", "not_applied", "approved", "rejected"] | None = None
    output: Any = None
    confirm: str | None = None


class SteerIn(Body):
    reason: Reason | None = None


class BulkMade(Schema):
    id: UUID
    total: int


class BulkSummary(Schema):
    """`status`: running, paused, halted (by itself), cancelled or completed. `selection`: how the set was chosen."""

    id: UUID
    act: BulkActWord
    step: str
    details: dict[str, Any]
    reason: str
    status: BulkStatusWord
    canary: bool
    halted_because: str
    total: int
    done: int
    refused: int
    selection: dict[str, Any]
    actor: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class BulkOut(BulkSummary):
    """`failed_again`, `under_way`: what became of the sagas on which it was done."""

    failed_again: int
    under_way: int


class BulkConflictBody(ErrorBody):
    """`bulk`: as it is."""

    bulk: BulkOut


class BulkConflictOut(Schema):
    error: BulkConflictBody


class BulkItemOut(Schema):
    """`id`: the saga's; `saga_status`: what it is now, null if there is no such saga."""

    id: UUID
    result: Annotated[str, words(BulkItem.Result.values)]
    code: str | None
    error: str | None
    saga_status: Annotated[str, words(SagaStatus)] | None
    acted_at: datetime | None


class BulkWithItems(BulkOut):
    items: list[BulkItemOut]
    next_cursor: str | None


class BulkList(Schema):
    items: list[BulkSummary]
    next_cursor: str | None


def bulk_body(bulk: Bulk) -> dict[str, Any]:
    return {field: getattr(bulk, field) for field in BulkSummary.model_fields}


def bulk_now_body(found: BulkNow) -> dict[str, Any]:
    return bulk_body(found.bulk) | found.outcomes._asdict()


def item_body(item: BulkItem) -> dict[str, Any]:
    """`item`: one of `items_of`."""
    return {
        "id": item.saga_id, "result": item.result, "code": item.code or None, "error": item.error or None,
        "saga_status": getattr(item, "status", None), "acted_at": item.acted_at,
    }  # fmt: skip
