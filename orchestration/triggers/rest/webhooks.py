"""Webhooks: endpoints, their secrets, and the log of what was sent. A secret is shown once, when it is made."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Query, Router, Schema, Status
from pydantic import Field

from orchestration import webhooks
from orchestration.core.definitions import NAME
from orchestration.models import WebhookDelivery, WebhookEndpoint
from orchestration.queries import page
from orchestration.triggers.rest.answers import TAKES_BODY, errors
from orchestration.triggers.rest.auth import ApiRequest
from orchestration.triggers.rest.errors import problems_found
from orchestration.triggers.rest.requests import Body, Listing, only
from orchestration.triggers.rest.words import PathName, SagaId, text, words

router = Router(tags=["webhooks"])
NEWEST = ("-saga_id", "-seq")
EventWord = Annotated[str, words(webhooks.EVENTS)]
StateWord = Annotated[str, words(WebhookDelivery.State)]
Seq = Annotated[str, text(pattern="^[0-9]{1,9}$")]


class WebhookIn(Body):
    """`events`: of which ends to tell; by default of all, and when a saga gets stuck."""

    url: Annotated[str, Field(max_length=512)]
    events: Annotated[list[EventWord], Field(min_length=1, default_factory=lambda: list(webhooks.EVENTS))]
    enabled: bool = True


class RotateIn(Body):
    """For how long the present secret goes on signing beside the new one, in seconds; a day if nothing is said."""

    overlap_seconds: Annotated[int, Field(ge=0, le=30 * 86_400)] = int(webhooks.OVERLAP.total_seconds())


class WebhookOut(Schema):
    """`secret`: only when it was made just now. `previous_until`: until then the secret before it signs too."""

    name: str
    url: str
    events: list[EventWord]
    enabled: bool
    disabled_because: str
    previous_until: datetime | None
    created_at: datetime
    created_by: str
    secret: str | None = None


class WebhookList(Schema):
    items: list[WebhookOut]
    next_cursor: str | None


class TryOut(Schema):
    """`status` 0: nothing was answered."""

    at: datetime
    status: int
    error: str
    seconds: float


class DeliveryOut(Schema):
    """`id`: what the receiver sees as webhook-id."""

    id: str
    saga_id: UUID
    seq: int
    event: EventWord
    at: datetime
    state: StateWord
    due_at: datetime | None
    delivered_at: datetime | None
    tries: list[TryOut]


class DeliveryList(Schema):
    items: list[DeliveryOut]
    next_cursor: str | None


@router.get("", response={200: WebhookList, **errors()}, exclude_unset=True)
def list_webhooks(request: ApiRequest, listing: Query[Listing]) -> Any:
    """All endpoints, newest first."""
    only(request, "cursor", "limit")
    request.auth.must("view_webhookendpoint")
    found = page(WebhookEndpoint.objects.all(), cursor=listing.cursor, limit=listing.limit)
    return Status(200, {"items": list(map(_body, found.items)), "next_cursor": found.next_cursor})


@router.get("/{name}", response={200: WebhookOut, **errors(404)}, exclude_unset=True)
def get_webhook(request: ApiRequest, name: PathName) -> Any:
    """One endpoint."""
    only(request)
    request.auth.must("view_webhookendpoint")
    return Status(200, _body(_named(name)))


@router.put("/{name}", response={200: WebhookOut, 201: WebhookOut, **errors(*TAKES_BODY)}, exclude_unset=True)
def put_webhook(request: ApiRequest, name: PathName, body: WebhookIn) -> Any:
    """Add an endpoint (201, with its secret) or change it (200)."""
    only(request)
    try:
        changed = webhooks.change(name=name, actor=request.auth, **body.model_dump())
    except webhooks.WrongWebhook as error:
        raise problems_found(error.problems) from error
    return Status(201 if changed.created else 200, _body(changed.endpoint, changed.secret))


@router.post("/{name}/rotate", response={200: WebhookOut, **errors(404, *TAKES_BODY)}, exclude_unset=True)
def rotate_secret(request: ApiRequest, name: PathName, body: RotateIn) -> Any:
    """A new secret; the present one signs beside it for a while, so that the receiver can change over."""
    only(request)
    overlap = timedelta(seconds=body.overlap_seconds)
    changed = webhooks.rotate(name=_sound(name), actor=request.auth, overlap=overlap)
    return Status(200, _body(changed.endpoint, changed.secret))


@router.delete("/{name}", response={204: None, **errors(404)})
def remove_webhook(request: ApiRequest, name: PathName) -> Any:
    """Forget an endpoint and its log."""
    only(request)
    webhooks.remove(name=_sound(name), actor=request.auth)
    return Status(204, None)


@router.get("/{name}/deliveries", response={200: DeliveryList, **errors(404)})
def list_deliveries(
    request: ApiRequest, name: PathName, listing: Query[Listing],
    state: Literal["pending", "delivered", "failed"] | None = None,
) -> Any:  # fmt: skip
    """What was sent or waits to be, of the newest sagas first."""
    only(request, "state", "cursor", "limit")
    request.auth.must("view_webhookdelivery")
    sent = WebhookDelivery.objects.filter(endpoint=_named(name))
    if state is not None:
        sent = sent.filter(state=state)
    found = page(sent, cursor=listing.cursor, limit=listing.limit, order=NEWEST)
    return Status(200, {"items": list(map(_delivery_body, found.items)), "next_cursor": found.next_cursor})


@router.post("/{name}/deliveries/{saga_id}/{seq}/send-again", response={200: DeliveryOut, **errors(404)})
def send_again(request: ApiRequest, name: PathName, saga_id: SagaId, seq: Seq) -> Any:
    """Send a message once more, under the same id."""
    only(request)
    number = int(seq) if seq.isascii() and seq.isdigit() and len(seq) < 10 else -1
    try:
        saga = UUID(saga_id)
    except ValueError:
        saga = UUID(int=0)
    sent = webhooks.send_again(name=_sound(name), saga_id=saga, seq=number, actor=request.auth)
    return Status(200, _delivery_body(sent))


def _sound(name: str) -> str:
    """What is no name is nobody's, and PostgreSQL need not be asked."""
    return name if NAME.fullmatch(name) else ""


def _named(name: str) -> WebhookEndpoint:
    return WebhookEndpoint.objects.get(name=_sound(name))


def _body(endpoint: WebhookEndpoint, secret: str = "") -> dict[str, Any]:
    fields = ("previous_until", "created_at", "created_by")
    body = webhooks.described(endpoint) | {field: getattr(endpoint, field) for field in fields}
    return body | {"secret": secret} if secret else body


def _delivery_body(sent: WebhookDelivery) -> dict[str, Any]:
    fields = ("saga_id", "seq", "event", "at", "state", "due_at", "delivered_at", "tries")
    return {"id": f"{sent.saga_id}.{sent.seq}"} | {field: getattr(sent, field) for field in fields}
