"""Bulk acts: one act over a frozen set of sagas."""

from typing import Annotated, Any

from ninja import Query, Router, Status
from pydantic import Field

from orchestration import bulk as bulk_acts
from orchestration import queries
from orchestration.bulk import OutOfPlace
from orchestration.operator_actions import WrongAct
from orchestration.triggers.rest.answers import TAKES_BODY, errors
from orchestration.triggers.rest.auth import ApiRequest
from orchestration.triggers.rest.bulk_bodies import (
    MAX_ITEMS_SHOWN,
    BulkConflictOut,
    BulkIn,
    BulkList,
    BulkMade,
    BulkOut,
    BulkWithItems,
    Result,
    SteerIn,
    bulk_body,
    bulk_now_body,
    item_body,
)
from orchestration.triggers.rest.bulk_making import bulk_id_of, make_one
from orchestration.triggers.rest.errors import Refused, envelope, wrong
from orchestration.triggers.rest.requests import Listing, only
from orchestration.triggers.rest.words import BulkId

router = Router(tags=["bulk"])
STEERED = {200: BulkOut, **errors(404, *TAKES_BODY), 409: BulkConflictOut}


@router.post("", response={202: BulkMade, **errors(*TAKES_BODY)})
def make_bulk(request: ApiRequest, body: BulkIn) -> Any:
    """Freeze the set that `ids` or `filter` name, and begin. Each saga is acted on by itself, in a worker."""
    only(request)
    made = make_one(body, request.auth)
    return Status(202, {"id": made.pk, "total": made.total})


@router.get("", response={200: BulkList, **errors()})
def list_bulks(request: ApiRequest, listing: Query[Listing]) -> Any:
    """Bulk acts, newest first, without their items."""
    only(request, "cursor", "limit")
    request.auth.must("view_bulk")
    found = queries.page(queries.started_bulks(), cursor=listing.cursor, limit=listing.limit)
    return Status(200, {"items": list(map(bulk_body, found.items)), "next_cursor": found.next_cursor})


@router.get("/{bulk_id}", response={200: BulkWithItems, **errors(404)})
def get_bulk(
    request: ApiRequest, bulk_id: BulkId, result: Result | None = None, cursor: str | None = None,
    limit: Annotated[int, Field(ge=1, le=MAX_ITEMS_SHOWN)] = MAX_ITEMS_SHOWN,
) -> Any:  # fmt: skip
    """How far it has come, and its items in order. `result` narrows the items: `failed_again` and `under_way` are what
    became of sagas on which it was done."""
    only(request, "result", "cursor", "limit")
    request.auth.must("view_bulk")
    found = queries.bulk_now(bulk_id_of(bulk_id))
    items = queries.page(
        queries.items_of(found.bulk.pk, result or ""), cursor=cursor, limit=limit, order=("position",)
    )  # fmt: skip
    body = bulk_now_body(found) | {"items": list(map(item_body, items.items)), "next_cursor": items.next_cursor}
    return Status(200, body)


@router.post("/{bulk_id}/pause", response=STEERED)
def pause_bulk(request: ApiRequest, bulk_id: BulkId, body: SteerIn | None = None) -> Any:
    """Act on no more sagas until it is resumed."""
    return _steer(request, "pause", bulk_id, body)


@router.post("/{bulk_id}/resume", response=STEERED)
def resume_bulk(request: ApiRequest, bulk_id: BulkId, body: SteerIn | None = None) -> Any:
    """Go on, also with one that has halted itself: what has failed again so far is accepted."""
    return _steer(request, "resume", bulk_id, body)


@router.post("/{bulk_id}/cancel", response=STEERED)
def cancel_bulk(request: ApiRequest, bulk_id: BulkId, body: SteerIn | None = None) -> Any:
    """End it; what was done stays done, and the other items stay as they are."""
    return _steer(request, "cancel", bulk_id, body)


def _steer(request: ApiRequest, how: str, bulk_id: BulkId, body: SteerIn | None) -> Any:
    only(request)
    reason = (body and body.reason) or ""
    try:
        steered = bulk_acts.steer(how, bulk_id=bulk_id_of(bulk_id), actor=request.auth, reason=reason)
    except WrongAct as error:
        raise wrong(error.field, str(error)) from error
    except OutOfPlace as error:
        bulk = BulkOut.model_validate(bulk_now_body(queries.bulk_now(error.bulk.pk))).model_dump(mode="json")
        return envelope(Refused(409, "conflict", str(error)), bulk=bulk)
    return Status(200, bulk_now_body(queries.bulk_now(steered.pk)))
