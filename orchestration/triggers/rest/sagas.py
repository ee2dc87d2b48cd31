"""Sagas: launch, list, look at."""

from typing import Any

from ninja import Header, Query, Router, Status

from orchestration import queries
from orchestration.queries.bodies import attempt_body, event_body
from orchestration.triggers.rest import answers
from orchestration.triggers.rest.answers import TAKES_BODY, errors, saga_bodies, saga_body
from orchestration.triggers.rest.auth import ApiRequest
from orchestration.triggers.rest.errors import wrong
from orchestration.triggers.rest.launching import launch_batch, launch_one
from orchestration.triggers.rest.requests import BatchIn, LaunchIn, Listing, SagaListing, only, saga_id_of
from orchestration.triggers.rest.words import SagaId

router = Router(tags=["sagas"])


@router.post("", response={201: answers.SagaOut, 200: answers.SagaOut, **errors(404, 422, *TAKES_BODY)})
def launch_saga(request: ApiRequest, body: LaunchIn, idempotency_key: Header[str | None] = None) -> Any:
    """Launch a saga; the same `Idempotency-Key` with the same body gives the same saga again, with 200."""
    only(request)
    request.auth.must("launch_saga")
    launched = launch_one(body, idempotency_key, request.auth.name)
    return Status(201 if launched.created else 200, saga_body(launched.saga_id))


@router.post("/batch", response={200: answers.BatchOut, **errors(*TAKES_BODY)})
def launch_many(request: ApiRequest, body: BatchIn) -> Any:
    """Launch up to 1,000 sagas, each on its own."""
    only(request)
    request.auth.must("launch_saga")
    return Status(200, {"items": launch_batch(body.items, request.auth.name)})


@router.get("", response={200: answers.SagaList, **errors()})
def list_sagas(request: ApiRequest, listing: Query[SagaListing]) -> Any:
    """Sagas that fit every filter, newest first."""
    request.auth.must("view_saga")
    filters = request.GET.copy()
    for name in ("cursor", "limit"):
        if len(filters.pop(name, [])) > 1:
            raise wrong(name, "may be given once")
    found = queries.search(filters, cursor=listing.cursor, limit=listing.limit)
    return Status(200, {"items": saga_bodies(found.items), "next_cursor": found.next_cursor})


@router.get("/{saga_id}", response={200: answers.SagaOut, **errors(404)})
def get_saga(request: ApiRequest, saga_id: SagaId) -> Any:
    """One saga with its steps."""
    only(request)
    request.auth.must("view_saga")
    return Status(200, saga_body(saga_id_of(saga_id)))


@router.get("/{saga_id}/events", response={200: answers.EventList, **errors(404)}, exclude_unset=True)
def list_events(request: ApiRequest, saga_id: SagaId, listing: Query[Listing]) -> Any:
    """The journal, oldest first."""
    only(request, "cursor", "limit")
    request.auth.must("view_event")
    saga = queries.saga_for_page(saga_id_of(saga_id))
    found = queries.events_of(saga.pk, cursor=listing.cursor, limit=listing.limit)
    return _listed([event_body(event) for event in found.items], found.next_cursor)


@router.get("/{saga_id}/attempts", response={200: answers.AttemptList, **errors(404)})
def list_attempts(request: ApiRequest, saga_id: SagaId, listing: Query[Listing]) -> Any:
    """Every try that has ended, in the order in which they began."""
    only(request, "cursor", "limit")
    request.auth.must("view_attempt")
    saga = queries.saga_for_page(saga_id_of(saga_id))
    found = queries.attempts_of(saga.pk, cursor=listing.cursor, limit=listing.limit)
    return _listed([attempt_body(attempt) for attempt in found.items], found.next_cursor)


def _listed(items: list[dict[str, Any]], next_cursor: str | None) -> Any:
    return Status(200, {"items": items, "next_cursor": next_cursor})
