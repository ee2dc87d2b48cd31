"""Bulk acts: one act over a frozen set of sagas."""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

from django.http import QueryDict
from ninja import Query, Router, Status
from pydantic import Field

from orchestration import bulk as bulk_acts
from orchestration import queries
from orchestration.bulk import OutOfPlace, WrongBulk
from orchestration.bulk.making import Chosen
from orchestration.core.definitions import Problem
from orchestration.models import Bulk
from orchestration.operator_actions import WrongAct
from orchestration.queries import WrongFilter
from orchestration.queries.bulks import BulkNow
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
    item_body,
)
from orchestration.triggers.rest.errors import Refused, envelope, problems_found, wrong
from orchestration.triggers.rest.requests import Listing, only
from orchestration.triggers.rest.words import BulkId

router = Router(tags=["bulk"])
MAX_PROBLEMS = 20
STEERED = {200: BulkOut, **errors(404, *TAKES_BODY), 409: BulkConflictOut}


@router.post("", response={202: BulkMade, **errors(*TAKES_BODY)})
def make_bulk(request: ApiRequest, body: BulkIn) -> Any:
    """Freeze the set that `ids` or `filter` name, and begin. Each saga is acted on by itself, in a worker."""
    only(request)
    said = body.model_dump(exclude_unset=True)
    details: dict[str, Any] = {name: said[name] for name in ("outcome", "output", "confirm") if name in said}
    try:
        made = bulk_acts.make(
            body.act, chosen=_chosen(body), actor=request.auth, reason=body.reason, step=body.step, details=details,
            canary=body.canary,
        )  # fmt: skip
    except (WrongBulk, WrongAct) as error:
        raise wrong(error.field, str(error)) from error
    except WrongFilter as error:
        raise problems_found(Problem(f"filter.{one.place}", one.reason) for one in error.problems) from error
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
    found = queries.bulk_now(_bulk_id(bulk_id))
    items = queries.page(
        queries.items_of(found.bulk.pk, result or ""), cursor=cursor, limit=limit, order=("position",)
    )  # fmt: skip
    body = _now(found) | {"items": list(map(item_body, items.items)), "next_cursor": items.next_cursor}
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
        steered = bulk_acts.steer(how, bulk_id=_bulk_id(bulk_id), actor=request.auth, reason=reason)
    except WrongAct as error:
        raise wrong(error.field, str(error)) from error
    except OutOfPlace as error:
        bulk = BulkOut.model_validate(_now(queries.bulk_now(error.bulk.pk))).model_dump(mode="json")
        return envelope(Refused(409, "conflict", str(error)), bulk=bulk)
    return Status(200, _now(queries.bulk_now(steered.pk)))


def _now(found: BulkNow) -> dict[str, Any]:
    return bulk_body(found.bulk) | found.outcomes._asdict()


def _bulk_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Bulk.DoesNotExist from error


def _chosen(body: BulkIn) -> Chosen:
    """Raises Refused: a set is named by ids or by a filter, and an empty filter is more likely a mistake."""
    if (body.ids is None) == (body.filter is None):
        raise wrong("ids", "give either ids or filter")
    if body.ids is not None:
        return Chosen(ids=_saga_ids(body.ids))
    if not body.filter:
        raise wrong("filter", "names nothing; to mean every saga, say created_before")
    return Chosen(params=_params(body.filter))


def _saga_ids(given: list[Any]) -> list[UUID]:
    ids, problems = [], []
    for place, text in enumerate(given):
        try:
            ids.append(UUID(text))
        except (ValueError, TypeError, AttributeError):
            problems.append(Problem(f"ids[{place}]", "is no saga's id"))
            if len(problems) == MAX_PROBLEMS:
                break
    if problems:
        raise problems_found(problems)
    return ids


def _params(given: dict[str, Any]) -> QueryDict:
    """As `GET /sagas` takes them; `status` may be a list."""
    params, problems = QueryDict(mutable=True), list(_not_texts(given))
    if problems:
        raise problems_found(problems)
    for name, value in given.items():
        params.setlist(name, value if isinstance(value, list) else [value])
    return params


def _not_texts(given: dict[str, Any]) -> Iterator[Problem]:
    for name, value in given.items():
        texts = value if isinstance(value, list) and value and name == "status" else [value]
        if not all(isinstance(text, str) and text for text in texts):
            yield Problem(f"filter.{name[:80]}", "must be a text that is not empty")
