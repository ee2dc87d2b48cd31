"""Webhooks out: written with the end itself, sent at least once, signed by every live secret, tried again."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from orchestration import jobs, operator_actions, webhooks
from orchestration.models import AuditEntry, Saga, WebhookDelivery, WebhookEndpoint
from orchestration.operator_actions import perform
from orchestration.store import webhooks as messages
from orchestration.sweep import sweep
from orchestration.webhooks import sending
from orchestration.webhooks.addresses import is_public
from tests.orchestration.hooked import Receiver, Told, receiving
from tests.orchestration.scripted import World, admin, define, no, run_until_quiet, start


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def endpoint(receiver: Receiver, **more: Any) -> str:
    """Its secret."""
    return webhooks.change(name="shop", actor=admin(), url=receiver.url, **more).secret


def send() -> int:
    return webhooks.work(seconds=10, stop=lambda: False)


def due_now() -> None:
    WebhookDelivery.objects.filter(state="pending").update(due_at=Now())


def signature(told: Told, secret: str) -> str:
    """As the specification has it, worked out anew."""
    signed = f"{told.headers['webhook-id']}.{told.headers['webhook-timestamp']}.".encode() + told.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def ended(*answers: Any) -> Saga:
    """A saga of one step that has run as far as it goes."""
    define("reserve")
    launched = start(order=1)
    run_until_quiet()
    launched.refresh_from_db()
    return launched


def test_an_end_is_told_once_and_signed(engine: World, receiver: Receiver):
    secret = endpoint(receiver)
    saga = ended()
    assert (send(), send()) == (1, 0)
    [told] = receiver.told
    assert told.json == {
        "type": "saga.completed", "timestamp": told.json["timestamp"],
        "data": {"saga_id": str(saga.pk), "definition": "story", "version": 1, "business_key": "",
                 "status": "completed", "seq": saga.journal_length},
    }  # fmt: skip
    assert told.headers["webhook-id"] == f"{saga.pk}.{saga.journal_length}"
    assert told.headers["webhook-signature"] == signature(told, secret)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.tries[0]["status"]) == ("delivered", 200)


def test_getting_stuck_and_what_follows_are_told_with_the_reason(engine: World, receiver: Receiver):
    endpoint(receiver)
    define({"name": "reserve", "pivot": True}, {"name": "send", "compensation": None})
    engine.will("send", no("no truck"))
    saga = start()
    run_until_quiet()
    perform("pause", saga_id=saga.pk, actor=admin(), reason="let me look")
    perform("abandon", saga_id=saga.pk, actor=admin(), reason="given up", details={"confirm": str(saga.pk)})
    send()
    told = [(one.json["type"], one.json["data"].get("reason", "")) for one in sorted(receiver.told, key=_seq)]
    assert [kind for kind, _reason in told] == ["saga.stuck", "saga.abandoned"], "a pause while stuck is no news"
    assert told[1][1] == "given up"
    assert told[0][1]


def _seq(told: Told) -> int:
    return int(told.json["data"]["seq"])


def test_only_what_was_asked_for_is_told(engine: World, receiver: Receiver):
    endpoint(receiver, events=["stuck", "compensated"])
    ended()
    assert not WebhookDelivery.objects.exists()
    engine.will("reserve", no())
    start(order=2)
    run_until_quiet()
    assert WebhookDelivery.objects.get().event == "compensated"


def test_without_an_endpoint_nothing_is_written(engine: World):
    ended()
    assert not WebhookDelivery.objects.exists()
    assert messages.is_due() is False


def test_the_message_is_as_safe_as_the_end(engine: World, receiver: Receiver):
    """A record that does not land leaves no message: both are one statement."""
    endpoint(receiver)
    saga = ended()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM orchestration_webhookdelivery")
    with pytest.raises(operator_actions.Conflict):
        perform("compensate", saga_id=saga.pk, actor=admin(), reason="x")
    assert not WebhookDelivery.objects.exists()


def test_a_refusal_is_tried_again_under_the_same_id(engine: World, receiver: Receiver):
    endpoint(receiver)
    ended()
    receiver.statuses = [500, 302]
    send()
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.due_at is not None) == ("pending", True)
    due_now()
    send()
    assert len(receiver.told) == 2, "a redirect is not followed"
    due_now()
    send()
    assert len({one.headers["webhook-id"] for one in receiver.told}) == 1
    delivery.refresh_from_db()
    assert (delivery.state, [one["status"] for one in delivery.tries]) == ("delivered", [500, 302, 200])


def test_tries_have_an_end_and_a_person_may_send_again(engine: World, receiver: Receiver, monkeypatch):
    monkeypatch.setattr(sending, "MAX_TRIES", 2)
    endpoint(receiver)
    saga = ended()
    receiver.statuses = [503, 503]
    send()
    due_now()
    send()
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.due_at) == ("failed", None)
    webhooks.send_again(name="shop", saga_id=saga.pk, seq=delivery.seq, actor=admin())
    send()
    delivery.refresh_from_db()
    assert (delivery.state, len(delivery.tries)) == ("delivered", 3)
    assert AuditEntry.objects.filter(act="send webhook again", saga_id=saga.pk).count() == 1


def test_410_switches_the_endpoint_off(engine: World, receiver: Receiver):
    endpoint(receiver)
    ended()
    receiver.statuses = [410]
    send()
    found = WebhookEndpoint.objects.get()
    assert (found.enabled, found.disabled_because) == (False, "it answered 410: gone")
    assert WebhookDelivery.objects.get().state == "failed"
    start(order=2)
    run_until_quiet()
    assert WebhookDelivery.objects.count() == 1, "nobody wants to know any more"


def test_what_waits_while_it_is_switched_off_is_sent_later(engine: World, receiver: Receiver):
    endpoint(receiver)
    ended()
    endpoint(receiver, enabled=False)
    assert (messages.is_due(), send()) == (False, 0)
    endpoint(receiver)
    assert (messages.is_due(), send()) == (True, 1)


def test_two_secrets_sign_while_the_receiver_changes_over(engine: World, receiver: Receiver):
    old = endpoint(receiver)
    new = webhooks.rotate(name="shop", actor=admin()).secret
    ended()
    send()
    told = receiver.told[0]
    assert told.headers["webhook-signature"].split() == [signature(told, new), signature(told, old)]
    WebhookEndpoint.objects.update(previous_until=Now() - timedelta(seconds=1))
    start(order=2)
    run_until_quiet()
    send()
    assert receiver.told[1].headers["webhook-signature"] == signature(receiver.told[1], new)


def test_an_endpoint_that_is_silent_holds_up_nobody_else(engine: World, receiver: Receiver):
    webhooks.change(name="silent", actor=admin(), url="http://127.0.0.1:1/")
    ended()
    first = WebhookDelivery.objects.get()
    rows = [WebhookDelivery(saga_id=first.saga_id, seq=100 + n, endpoint_id=first.endpoint_id, event="completed",
                            at=first.at, state="pending", due_at=first.due_at) for n in range(100)]  # fmt: skip
    WebhookDelivery.objects.bulk_create(rows)
    endpoint(receiver)
    start(order=2)
    run_until_quiet()
    assert send() <= 2 * sending.AT_ONCE, "what is left of the silent one's is put off"
    assert len(receiver.told) == 1


def test_a_sender_that_died_leaves_its_messages_to_others(engine: World, receiver: Receiver):
    endpoint(receiver)
    ended()
    [taken] = messages.take(10)
    assert messages.take(10) == [], "nobody takes what another has"
    due_now()
    assert send() == 1
    assert messages.finish(taken, state="failed", attempt="[]", wait=timedelta(0)) is False
    assert WebhookDelivery.objects.get().state == "delivered"


def test_the_dispatcher_sends_for_the_worker_and_the_worker_sends(engine: World, receiver: Receiver):
    endpoint(receiver)
    ended()
    sweep()
    jobs.run_housekeeping()
    assert len(receiver.told) == 1


@pytest.mark.parametrize(
    ("url", "hosts", "why"),
    [
        ("http://shop.example.com/", "127.0.0.1", "not in SAGA_WEBHOOK_HOSTS"),
        ("http://localhost:{port}/", "localhost", "private address"),
        ("http://127.0.0.1:1/", "127.0.0.1", "127.0.0.1"),
    ],
)
def test_a_message_goes_to_listed_hosts_and_no_private_address_that_is_not_listed(
    engine: World, receiver: Receiver, settings: Any, url: str, hosts: str, why: str
):
    endpoint(receiver)
    WebhookEndpoint.objects.update(url=url.format(port=receiver.server_port))
    settings.SAGA_WEBHOOK_HOSTS = [hosts]
    ended()
    send()
    [attempt] = WebhookDelivery.objects.get().tries
    assert (attempt["status"], why in attempt["error"]) == (0, True), attempt
    assert not receiver.told


def test_waits_grow_and_are_spread():
    assert [sending.wait_after(tries, 1).total_seconds() for tries in (1, 2, 3, 30)] == [5, 20, 80, 21_600]
    assert sending.wait_after(5, 0) == timedelta(seconds=0.5)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("10.0.0.1", False), ("127.0.0.1", False),
        ("169.254.169.254", False), ("100.64.0.1", False), ("240.0.0.1", False), ("224.0.0.1", False), ("::1", False),
        ("fe80::1%eth0", False), ("fc00::1", False), ("ff0e::1", False), ("::ffff:10.0.0.1", False),
        ("64:ff9b::10.0.0.1", False), ("64:ff9b::5db8:d822", True), ("2002:a00:1::", False),
    ],
)  # fmt: skip
def test_which_addresses_are_anybodys(address: str, public: bool):
    """Also behind the forms in which IPv6 carries an IPv4 address."""
    assert is_public(address) is public
