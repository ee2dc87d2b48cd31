"""Django admin: settings change through the same doors as elsewhere, history is read-only, acts ask for a reason."""

import re

import pytest
from django.urls import reverse

from orchestration import faults
from orchestration.models import ApiToken, AuditEntry, FaultRule, Participant, Saga, WebhookEndpoint
from tests.cast import Api

pytestmark = pytest.mark.usefixtures("place_order")
MODELS = (
    "sagadefinition",
    "participant",
    "apitoken",
    "faultrule",
    "saga",
    "auditentry",
    "webhookendpoint",
)


def url(name: str, *args: object) -> str:
    return reverse(f"admin:orchestration_{name}", args=args)


@pytest.fixture
def desk(cast):
    return cast.admin.browser


@pytest.fixture
def saga(cast):
    body = {"definition": "place-order", "input": {"order_id": "<script>alert(1)</script>"}}
    return Saga.objects.get(pk=cast.operator.api.post("/sagas", body).json()["id"])


@pytest.mark.parametrize("model", MODELS)
def test_every_list_opens(desk, cast, saga, model):
    faults.add(actor=cast.admin.actor, kind="refuse", expires_in=faults.LONGEST)
    assert desk.get(url(f"{model}_changelist")).status_code == 200
    assert desk.get(url(f"{model}_changelist"), {"q": "x"}).status_code == 200


@pytest.mark.parametrize("person", ["viewer", "operator", "stranger"])
def test_only_staff_comes_in(cast, person):
    assert getattr(cast, person).browser.get(url("saga_changelist")).status_code == 302


@pytest.mark.parametrize("model", ["sagadefinition", "saga", "auditentry"])
def test_history_is_read_only(desk, saga, model):
    row = {"saga": saga, "auditentry": AuditEntry.objects.first()}.get(model) or saga.definition
    assert desk.get(url(f"{model}_change", row.pk)).status_code == 200
    assert desk.post(url(f"{model}_change", row.pk), {"status": "completed"}).status_code == 403
    assert desk.get(url(f"{model}_add")).status_code == 403
    assert desk.post(url(f"{model}_delete", row.pk), {"post": "yes"}).status_code == 403


def test_a_sagas_page_shows_steps_and_journal_as_inert_text(desk, saga):
    page = desk.get(url("saga_change", saga.pk)).content.decode()
    for text in ("reserve-stock", "charge-card", "launched", "pending → due"):
        assert text in page
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_an_act_shows_what_it_does_and_asks_for_a_reason(desk, saga):
    chosen = {"action": "compensate", "_selected_action": [str(saga.pk)]}
    page = desk.post(url("saga_changelist"), chosen)
    assert page.status_code == 200
    assert f'name="revision-{saga.pk}" value="{saga.revision}"' in page.content.decode()
    desk.post(url("saga_changelist"), chosen | {"confirmed": "1", "reason": ""})
    saga.refresh_from_db()
    assert saga.status == "pending"


def test_an_act_is_done_as_in_the_console(desk, saga):
    chosen = {"action": "compensate", "_selected_action": [str(saga.pk)], "confirmed": "1", "reason": "customer called"}
    answer = desk.post(url("saga_changelist"), chosen | {f"revision-{saga.pk}": saga.revision}, follow=True)
    saga.refresh_from_db()
    assert saga.status == "compensated"
    assert "compensate done" in answer.content.decode()
    entry = AuditEntry.objects.get(act="compensate")
    assert (entry.via, entry.reason, entry.granted) == ("admin", "customer called", True)


def test_an_act_on_a_changed_saga_is_refused(desk, saga):
    chosen = {"action": "compensate", "_selected_action": [str(saga.pk)], "confirmed": "1", "reason": "late"}
    answer = desk.post(url("saga_changelist"), chosen | {f"revision-{saga.pk}": 99}, follow=True)
    saga.refresh_from_db()
    assert saga.status == "pending"
    assert "refused, nothing changed" in answer.content.decode()


def test_a_tokens_secret_is_shown_once(desk, cast):
    page = desk.post(url("apitoken_add"), {"user": cast.viewer.user.pk, "name": "ci", "scopes": ["view"]})
    secret = re.findall(r'<pre id="secret">(.*)</pre>', page.content.decode())[0]
    assert Api(secret).get("/sagas").status_code == 200
    token = ApiToken.objects.get(name="ci")
    for address in (url("apitoken_changelist"), url("apitoken_change", token.pk)):
        assert secret not in desk.get(address).content.decode()
    desk.post(url("apitoken_changelist"), {"action": "revoke", "_selected_action": [str(token.pk)]})
    assert Api(secret).get("/sagas").status_code == 401


def test_a_fault_rule_is_added_and_removed(desk):
    desk.post(url("faultrule_add"), {"kind": "refuse", "step": "charge-card", "expires_in": "60", "times": "1"})
    rule = faults.in_force().get()
    assert (rule.step, rule.times, rule.created_by) == ("charge-card", 1, "admin")
    desk.post(url("faultrule_changelist"), {"action": "remove", "_selected_action": [str(rule.pk)]})
    assert not faults.in_force().exists()
    assert set(AuditEntry.objects.filter(via="admin").values_list("act", flat=True)) == {
        "add fault rule", "remove fault rule",
    }  # fmt: skip


def test_a_wrong_fault_rule_is_refused_at_its_field(desk):
    page = desk.post(url("faultrule_add"), {"kind": "delay", "expires_in": "60"})
    assert page.status_code == 200
    assert "is needed for this kind" in page.content.decode()
    assert not FaultRule.objects.exists()


def test_a_participant_is_checked_and_its_secret_stays_hidden(desk):
    values = {"name": "orders", "transport": "http", "base_url": "http://127.0.0.1:9", "new_secret": "s3cret",
              "max_in_flight": "10", "timeout": "2.5"}  # fmt: skip
    assert desk.post(url("participant_add"), values).status_code == 302
    participant = Participant.objects.get(name="orders")
    assert participant.secret == "s3cret"
    page = desk.get(url("participant_change", participant.pk)).content.decode()
    assert "s3cret" not in page
    changed = {**values, "base_url": "http://example.org", "new_secret": ""}
    answer = desk.post(url("participant_change", participant.pk), changed)
    assert "SAGA_PARTICIPANT_HOSTS" in answer.content.decode()
    desk.post(url("participant_change", participant.pk), changed | {"base_url": "http://127.0.0.1:8"})
    participant.refresh_from_db()
    assert (participant.base_url, participant.secret) == ("http://127.0.0.1:8", "s3cret")
    assert AuditEntry.objects.filter(act="enrol", via="admin").count() == 2


def test_a_participants_limits_are_changed_with_a_reason(desk):
    before = Participant.objects.get(name="inventory")
    values = {
        "name": "inventory",
        "transport": "http",
        "base_url": before.base_url,
        "max_in_flight": "7",
        "timeout": "9",
    }
    answer = desk.post(url("participant_change", before.pk), values)
    assert "A change of the limits needs a reason." in answer.content.decode()
    assert desk.post(url("participant_change", before.pk), values | {"reason": "it is slow"}).status_code == 302
    after = Participant.objects.get(name="inventory")
    assert (after.max_in_flight, after.timeout) == (7, 9.0)
    [entry] = AuditEntry.objects.filter(act="enrol", subject="inventory", via="admin")
    assert entry.before is not None
    assert (entry.reason, entry.before["max_in_flight"]) == ("it is slow", 1000)


def test_a_participant_in_use_is_not_deleted(desk):
    used = Participant.objects.get(name="inventory")
    desk.post(url("participant_delete", used.pk), {"post": "yes"})
    assert Participant.objects.filter(pk=used.pk).exists()


def test_a_webhooks_secret_is_shown_once(desk, cast):
    said = {"name": "shop", "url": "http://127.0.0.1:9/hook", "events": ["stuck"], "enabled": "on"}
    assert "whsec_" in desk.post(url("webhookendpoint_add"), said).content.decode()
    assert (
        "SAGA_WEBHOOK_HOSTS"
        in desk.post(url("webhookendpoint_add"), said | {"url": "http://x.example"}).content.decode()
    )
    assert WebhookEndpoint.objects.get().url == "http://127.0.0.1:9/hook"
    changed = desk.post(url("webhookendpoint_add"), said | {"events": ["completed"]}, follow=True).content.decode()
    assert ("Changed: shop" in changed, "whsec_" in changed) == (True, False)
    chosen = {"_selected_action": [str(WebhookEndpoint.objects.get().pk)]}
    assert "whsec_" in desk.post(url("webhookendpoint_changelist"), {"action": "rotate", **chosen}).content.decode()
    desk.post(url("webhookendpoint_changelist"), {"action": "remove", **chosen})
    assert not WebhookEndpoint.objects.exists()
    assert AuditEntry.objects.filter(subject="webhook shop", granted=True).count() == 4


def test_a_token_may_have_a_limit_of_its_own(desk, cast):
    desk.post(url("apitoken_add"), {"user": cast.viewer.user.pk, "name": "slow", "per_minute": "7"})
    assert ApiToken.objects.get(name="slow").per_minute == 7
