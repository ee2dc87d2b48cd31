"""The page of webhooks: who is told, what became of the messages, and sending one again."""

from typing import Any

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from orchestration import webhooks
from orchestration.models import AuditEntry, SagaDefinition, WebhookDelivery
from tests.cast import Cast
from tests.orchestration.scripted import start

PAGE = "console:webhooks"


@pytest.fixture
def delivery(cast: Cast, definition: SagaDefinition) -> WebhookDelivery:
    endpoint = webhooks.change(name="shop", actor=cast.admin.actor, url="http://127.0.0.1:9/hook").endpoint
    saga = start("place-order", order_id="A-1", qty=1)
    return WebhookDelivery.objects.create(
        saga_id=saga.pk, seq=3, endpoint=endpoint, event="stuck", at=Now(), state="failed",
        tries=[{"at": "2026-01-31T12:00:00Z", "status": 500, "error": "<b>no</b>", "seconds": 0.1}],
    )  # fmt: skip


def page(cast: Cast, person: str = "viewer", **query: str) -> str:
    return str(getattr(cast, person).browser.get(reverse(PAGE), query).content.decode())


def test_without_any_it_says_so(cast: Cast, db: None) -> None:
    assert "Nobody is told" in page(cast)


def test_who_is_told_and_what_became_of_it(cast: Cast, delivery: WebhookDelivery) -> None:
    html = page(cast)
    assert "http://127.0.0.1:9/hook" in html
    assert "&lt;b&gt;no&lt;/b&gt;" in html
    assert "whsec_" not in html
    assert f"message-{delivery.saga_id}-3" in page(cast, state="failed", endpoint="shop")
    assert f"message-{delivery.saga_id}-3" not in page(cast, state="pending")
    assert f"message-{delivery.saga_id}-3" in page(cast, state="nonsense", cursor="nonsense", endpoint="nonsense")


def test_a_message_is_sent_again_by_who_may(cast: Cast, delivery: WebhookDelivery) -> None:
    address = reverse("console:send_webhook_again", args=["shop", delivery.saga_id, 3])
    assert address in page(cast, "admin")
    assert address not in page(cast, "operator")
    assert cast.operator.browser.post(address).status_code == 403
    answer: Any = cast.admin.browser.post(address, follow=True)
    assert "The message is sent again." in answer.content.decode()
    assert WebhookDelivery.objects.get().state == "pending"
    granted = AuditEntry.objects.filter(act="send webhook again").order_by("id").values_list("granted", flat=True)
    assert list(granted) == [False, True]
    assert cast.admin.browser.post(address.replace("/3/", "/4/")).status_code == 404
