"""Webhooks over REST: endpoints, secrets, the log."""

import pytest
from django.db.models.functions import Now

from orchestration.models import AuditEntry, WebhookDelivery, WebhookEndpoint
from orchestration.webhooks import EVENTS
from tests.orchestration.scripted import start

GOOD = {"url": "http://127.0.0.1:9/hook"}


def test_a_secret_is_shown_when_it_is_made_and_never_again(cast):
    added = cast.admin.api.put("/webhooks/shop", GOOD)
    assert (added.status_code, added.json()["events"]) == (201, sorted(EVENTS))
    secret = added.json()["secret"]
    changed = cast.admin.api.put("/webhooks/shop", {**GOOD, "events": ["stuck"], "enabled": False})
    assert (changed.status_code, "secret" in changed.json(), changed.json()["enabled"]) == (200, False, False)
    rotated = cast.admin.api.post("/webhooks/shop/rotate", {"overlap_seconds": 60})
    assert rotated.json()["secret"] not in ("", secret)
    assert rotated.json()["previous_until"] is not None
    told = cast.viewer.api.get("/webhooks/shop").content + cast.viewer.api.get("/webhooks").content
    assert b"whsec_" not in told
    assert "whsec_" not in str(list(AuditEntry.objects.values("after", "before")))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "http://example.com/"}, "url"), ({"url": "ftp://127.0.0.1/"}, "url"),
        ({"url": "http://a@127.0.0.1/"}, "url"), ({"url": "http://127.0.0.1:99999/"}, "url"),
        ({"url": "http://127.0.0.1/#x"}, "url"), ({"events": []}, "events"),
        ({"events": ["running"]}, "events"), ({"colour": 1}, "colour"),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_webhook_names_the_field(cast, change, field):
    answer = cast.admin.api.put("/webhooks/shop", GOOD | change)
    assert answer.status_code == 400
    assert field in answer.json()["error"]["fields"]
    assert not WebhookEndpoint.objects.exists()


@pytest.fixture
def delivery(cast, place_order) -> WebhookDelivery:
    cast.admin.api.put("/webhooks/shop", GOOD)
    saga = start("place-order", order_id="o-1")
    return WebhookDelivery.objects.create(
        saga_id=saga.pk, seq=3, endpoint=WebhookEndpoint.objects.get(), event="completed", at=Now(), state="failed",
        tries=[{"at": "2026-01-31T12:00:00Z", "status": 500, "error": "no", "seconds": 0.1}],
    )  # fmt: skip


def test_the_log_and_sending_again(cast, delivery):
    [found] = cast.viewer.api.get("/webhooks/shop/deliveries", state="failed").json()["items"]
    assert (found["id"], found["tries"][0]["status"]) == (f"{delivery.saga_id}.3", 500)
    assert cast.viewer.api.get("/webhooks/shop/deliveries", state="pending").json()["items"] == []
    address = f"/webhooks/shop/deliveries/{delivery.saga_id}/3/send-again"
    assert cast.operator.api.post(address).status_code == 403
    again = cast.admin.api.post(address)
    assert (again.status_code, again.json()["state"]) == (200, "pending")
    for wrong in ("x/3", f"{delivery.saga_id}/4", f"{delivery.saga_id}/x"):
        assert cast.admin.api.post(f"/webhooks/shop/deliveries/{wrong}/send-again").status_code == 404


def test_an_endpoint_goes_with_its_log(cast, delivery):
    assert cast.operator.api.delete("/webhooks/shop").status_code == 403
    assert cast.admin.api.delete("/webhooks/shop").status_code == 204
    assert cast.admin.api.delete("/webhooks/shop").status_code == 404
    assert not WebhookDelivery.objects.exists()
    assert cast.viewer.api.get("/webhooks/shop/deliveries").status_code == 404
