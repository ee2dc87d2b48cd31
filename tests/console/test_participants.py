"""The participants' page."""

import pytest
from django.db.models.functions import Now

from orchestration.models import AuditEntry, Flow, Participant, Saga, SagaDefinition
from tests.cast import Cast
from tests.console.rows import make_saga


def test_each_participant_with_its_address_and_who_needs_it(cast: Cast, definition: SagaDefinition) -> None:
    rows = cast.viewer.browser.get("/participants/").context["rows"]
    assert {standing.participant.name: users for standing, users, *_forms in rows} == {
        "inventory": ["place-order"], "payments": ["place-order"],
    }  # fmt: skip


def test_secrets_are_not_shown(cast: Cast, definition: SagaDefinition) -> None:
    Participant.objects.update(secret="a-very-secret-word")
    assert "a-very-secret-word" not in cast.viewer.browser.get("/participants/").content.decode()


def test_an_operator_pauses_and_resumes_one_with_a_reason(cast: Cast, definition: SagaDefinition) -> None:
    browser = cast.operator.browser
    answer = browser.post("/participants/payments/pause/", {"reason": "the bank is down"}, follow=True)
    assert "Calls to payments are paused." in answer.content.decode()
    paused = Participant.objects.get(name="payments")
    assert (paused.paused, paused.paused_by, paused.pause_reason) == (
        True, cast.operator.actor.name, "the bank is down",
    )  # fmt: skip
    banner = browser.get("/sagas/").content.decode()
    assert "Calls to 1 participant do not go out." in banner
    assert f"paused by {paused.paused_by}" in banner
    browser.post("/participants/payments/resume/", {"reason": "it is back"})
    paused.refresh_from_db()
    assert (paused.paused, paused.paused_at, paused.paused_by) == (False, None, "")
    acts = AuditEntry.objects.order_by("id").values_list("act", "subject", "granted", "reason")
    assert list(acts)[-2:] == [
        ("pause participant", "payments", True, "the bank is down"),
        ("resume participant", "payments", True, "it is back"),
    ]  # fmt: skip


@pytest.mark.parametrize("reason", ["", "   "])
def test_without_a_reason_nothing_is_paused_and_the_form_says_so(
    cast: Cast, definition: SagaDefinition, reason: str
) -> None:
    answer = cast.operator.browser.post("/participants/payments/pause/", {"reason": reason})
    assert (answer.status_code, answer.context["refused"]) == (400, "payments")
    assert not Participant.objects.filter(paused=True).exists()


def test_a_viewer_sees_and_may_not_pause(cast: Cast, definition: SagaDefinition) -> None:
    assert "Pause calls" not in cast.viewer.browser.get("/participants/").content.decode()
    assert cast.viewer.browser.post("/participants/payments/pause/", {"reason": "why not"}).status_code == 403
    assert not Participant.objects.filter(paused=True).exists()
    assert AuditEntry.objects.filter(act="pause participant", granted=False).exists()


def test_an_admin_changes_the_limits_with_a_reason(cast: Cast, definition: SagaDefinition) -> None:
    said = {"max_in_flight": "7", "timeout": "2.5", "reason": "it is slow today"}
    answer = cast.admin.browser.post("/participants/payments/limits/", said, follow=True)
    assert "The limits of payments are changed." in answer.content.decode()
    changed = Participant.objects.get(name="payments")
    assert (changed.max_in_flight, changed.timeout) == (7, 2.5)
    row = AuditEntry.objects.get(act="limit participant")
    assert (row.subject, row.reason, row.before, row.after) == (
        "payments", "it is slow today", {"max_in_flight": 1000, "timeout": 5.0}, {"max_in_flight": 7, "timeout": 2.5},
    )  # fmt: skip


@pytest.mark.parametrize(
    "wrong", [{"reason": " "}, {"max_in_flight": "0"}, {"max_in_flight": "x"}, {"timeout": "4000"}, {"timeout": "nan"}]
)
def test_wrong_limits_are_said_at_their_field_and_change_nothing(
    cast: Cast, definition: SagaDefinition, wrong: dict[str, str]
) -> None:
    said = {"max_in_flight": "7", "timeout": "2.5", "reason": "slow"} | wrong
    answer = cast.admin.browser.post("/participants/payments/limits/", said)
    assert (answer.status_code, answer.context["limits_refused"]) == (400, "payments")
    assert 'class="wrong"' in answer.content.decode()
    assert Participant.objects.get(name="payments").max_in_flight == 1000


def test_an_operator_sees_the_limits_and_may_not_change_them(cast: Cast, definition: SagaDefinition) -> None:
    browser = cast.operator.browser
    assert "Change limits" not in browser.get("/participants/").content.decode()
    said = {"max_in_flight": "7", "timeout": "2.5", "reason": "slow"}
    assert browser.post("/participants/payments/limits/", said).status_code == 403
    assert AuditEntry.objects.filter(act="limit participant", granted=False).exists()
    assert browser.post("/participants/nobody/limits/", said).status_code == 403
    assert cast.admin.browser.post("/participants/nobody/limits/", said).status_code == 404


def test_an_open_circuit_is_shown_with_what_went_wrong(cast: Cast, definition: SagaDefinition) -> None:
    Flow.objects.filter(participant="payments").update(is_open=True, changed_at=Now(), last_error="no answer in 5 s")
    page = cast.viewer.browser.get("/participants/").content.decode()
    assert "no answer in 5 s" in page
    assert "does not answer" in page


@pytest.mark.parametrize(
    ("parked_on", "said"),
    [
        ("participant:payments", "payments is busy: it takes 1,000 calls at once"),
        ("participant:nobody", "There is no participant nobody"),
        ("concurrency:place-order", "places of its definition are taken"),
        ("lock:A-1", "Another saga holds the lock A-1"),
        ("suspect", "Its last worker died during the call"),
    ],
)
def test_a_parked_saga_says_what_it_waits_for(
    cast: Cast, definition: SagaDefinition, parked_on: str, said: str
) -> None:
    saga = make_saga(definition, "pending", ["due", "pending", "pending"])
    Saga.objects.filter(pk=saga.pk).update(parked_on=parked_on, lock_key="A-1")
    page = cast.viewer.browser.get(f"/sagas/{saga.pk}/").content.decode()
    assert said.replace("1,000", "1000") in page.replace("1,000", "1000")
    assert parked_on in page


def test_the_page_says_who_holds_the_lock_and_who_waits(cast: Cast, definition: SagaDefinition) -> None:
    saga, another_saga = (make_saga(definition, "pending", ["due", "pending", "pending"]) for _number in range(2))
    Saga.objects.update(lock_key="A-1")
    Saga.objects.filter(pk=saga.pk).update(status="running")
    holder = cast.viewer.browser.get(f"/sagas/{saga.pk}/").context["lock"]
    assert (holder.holder, holder.first) == (saga, [another_saga])
    waiting = cast.viewer.browser.get(f"/sagas/{another_saga.pk}/").content.decode()
    assert "The lock A-1 is held by" in waiting
    assert f"/sagas/{saga.pk}/" in waiting
