"""Endpoints are added, changed, given new secrets and removed here, whoever asks: checked, and with an audit row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from orchestration import audit
from orchestration.audit import Actor
from orchestration.core.definitions import NAME, Problem
from orchestration.core.states import ENDED, SagaStatus
from orchestration.models import WebhookDelivery, WebhookEndpoint
from orchestration.participants.hosts import AllowList
from orchestration.webhooks.addresses import is_sendable
from orchestration.webhooks.signing import new_secret

EVENTS = tuple(status.value for status in SagaStatus if status in ENDED or status is SagaStatus.STUCK)
OVERLAP = timedelta(days=1)
MAX_URL = 512
_REFUSED_URL = "must be an http or https URL without user or fragment, whose host is in SAGA_WEBHOOK_HOSTS"


class WrongWebhook(ValueError):
    """What is said of the endpoint is wrong; `problems` says where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(map(str, problems)))


@dataclass(frozen=True, slots=True)
class Changed:
    """`secret` is told once, when it was made; else it is empty."""

    endpoint: WebhookEndpoint
    created: bool
    secret: str = ""


def change(
    *, name: str, actor: Actor, url: str, events: Sequence[str] = EVENTS, enabled: bool = True
) -> Changed:  # fmt: skip
    """Add an endpoint, with a new secret, or change it. Raises PermissionDenied (audited) and WrongWebhook."""
    known = WebhookEndpoint.objects.filter(name=name).exists()
    _must(actor, "change_webhookendpoint" if known else "add_webhookendpoint", "set webhook", name)
    if problems := problems_with(name=name, url=url, events=events):
        raise WrongWebhook(problems)
    values = {"url": url, "events": sorted(set(events)), "enabled": enabled, "disabled_because": ""}
    secret = new_secret()
    with transaction.atomic():
        before = WebhookEndpoint.objects.select_for_update().filter(name=name).first()
        endpoint, created = WebhookEndpoint.objects.update_or_create(
            name=name, defaults=values, create_defaults={**values, "secret": secret, "created_by": actor.name}
        )
        _note(actor, "set webhook", endpoint, before=described(before) if before else None)
    return Changed(endpoint, created, secret if created else "")


def rotate(*, name: str, actor: Actor, overlap: timedelta = OVERLAP) -> Changed:
    """A new secret; the present one signs beside it for `overlap`, and one before that no more.

    Raises PermissionDenied (audited) and WebhookEndpoint.DoesNotExist.
    """
    _must(actor, "change_webhookendpoint", "rotate webhook secret", name)
    secret = new_secret()
    with transaction.atomic():
        endpoint = WebhookEndpoint.objects.select_for_update().get(name=name)
        endpoint.previous_secret, endpoint.secret = endpoint.secret, secret
        endpoint.previous_until = Now() + overlap
        endpoint.save(update_fields=["secret", "previous_secret", "previous_until"])
        _note(actor, "rotate webhook secret", endpoint, overlap_seconds=overlap.total_seconds())
    endpoint.refresh_from_db()
    return Changed(endpoint, created=False, secret=secret)


def remove(*, name: str, actor: Actor) -> None:
    """Forget the endpoint and its log. Raises PermissionDenied (audited) and WebhookEndpoint.DoesNotExist."""
    _must(actor, "delete_webhookendpoint", "remove webhook", name)
    with transaction.atomic():
        endpoint = WebhookEndpoint.objects.select_for_update().get(name=name)
        WebhookDelivery.objects.filter(endpoint=endpoint).delete()
        before = described(endpoint)
        endpoint.delete()
        audit.write(actor=actor, act="remove webhook", subject=f"webhook {name}", granted=True, before=before)


def send_again(*, name: str, saga_id: UUID, seq: int, actor: Actor) -> WebhookDelivery:
    """Send a message once more, whatever became of it; the log of its tries goes on.

    Raises PermissionDenied (audited), WebhookEndpoint.DoesNotExist and WebhookDelivery.DoesNotExist.
    """
    _must(actor, "change_webhookendpoint", "send webhook again", name)
    with transaction.atomic():
        endpoint = WebhookEndpoint.objects.get(name=name)
        found = WebhookDelivery.objects.select_for_update().filter(endpoint=endpoint, saga_id=saga_id, seq=seq)
        found.get()
        found.update(state=WebhookDelivery.State.PENDING, due_at=Now(), delivered_at=None)
        subject = f"webhook {name}, message {saga_id}.{seq}"
        audit.write(actor=actor, act="send webhook again", subject=subject[:128], granted=True, saga_id=saga_id)
    return WebhookDelivery.objects.get(endpoint=endpoint, saga_id=saga_id, seq=seq)


def problems_with(*, name: str, url: str, events: Sequence[str]) -> list[Problem]:
    """What is wrong with an endpoint's fields; an empty list when it may be stored."""
    checks = {
        "name": (bool(NAME.fullmatch(name)), "must be 1 to 64 of a-z, 0-9 and -, with a letter or digit at both ends"),
        "url": (len(url) <= MAX_URL and is_sendable(url, AllowList(settings.SAGA_WEBHOOK_HOSTS)), _REFUSED_URL),
        "events": (bool(events) and set(events) <= set(EVENTS), f"must be some of {', '.join(EVENTS)}"),
    }
    return [Problem(field, reason) for field, (good, reason) in checks.items() if not good]


def described(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """The endpoint for audit and API: everything but the secrets."""
    return {
        "name": endpoint.name, "url": endpoint.url, "events": list(endpoint.events), "enabled": endpoint.enabled,
        "disabled_because": endpoint.disabled_because,
    }  # fmt: skip


def _must(actor: Actor, permission: str, act: str, name: str) -> None:
    if not actor.may(permission):
        audit.write(actor=actor, act=act, subject=f"webhook {name}"[:128].replace("\0", ""), granted=False)
        actor.must(permission)


def _note(actor: Actor, act: str, endpoint: WebhookEndpoint, *, before: Any = None, **more: Any) -> None:
    after = {**described(endpoint), **more}
    audit.write(actor=actor, act=act, subject=f"webhook {endpoint.name}", granted=True, before=before, after=after)
