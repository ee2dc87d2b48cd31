"""Acts: a preview that says what will be called, a reason, and a refusal when the saga has changed."""

from typing import Any

import pytest
from django.urls import reverse

from orchestration.console import words
from orchestration.models import AuditEntry, Saga, SagaDefinition
from orchestration.operator_actions import ACTS, perform
from tests.cast import Cast
from tests.console.rows import make_event, make_saga

HTMX = {"HX-Request": "true"}


def address(saga: Saga, act: str = "retry") -> str:
    return reverse("console:act", args=[saga.pk, act])


def post(cast: Cast, saga: Saga, act: str = "retry", name: str = "operator", **form: Any) -> Any:
    body = {"reason": "the warehouse is back", "revision": saga.revision} | form
    return getattr(cast, name).browser.post(address(saga, act), body, headers=HTMX)


def test_the_preview_lists_the_calls_in_order(cast: Cast, stuck: Saga) -> None:
    response = cast.operator.browser.get(address(stuck, "compensate"), headers=HTMX)
    calls = [(call.step, call.direction, call.participant) for call in response.context["preview"].calls]
    assert calls == [("reserve-stock", "compensation", "inventory")]
    html = response.content.decode()
    assert "1 call, if all goes well" in html
    assert f'name="revision" value="{stuck.revision}"' in html


def test_the_preview_is_a_page_of_its_own_without_htmx(cast: Cast, stuck: Saga) -> None:
    html = cast.operator.browser.get(address(stuck)).content.decode()
    assert html.count("<h1") == 1
    assert "<title>Retry · ORDER-7" in html


def test_a_viewer_is_told_why_not(cast: Cast, stuck: Saga) -> None:
    html = cast.viewer.browser.get(address(stuck), headers=HTMX).content.decode()
    assert "Your role does not allow this act." in html
    assert "<form" not in html


def test_an_act_is_done_and_the_browser_is_told(cast: Cast, stuck: Saga) -> None:
    response = post(cast, stuck)
    assert response.status_code == 204
    assert '"message": "Retry asked for"' in response["HX-Trigger"]
    stuck.refresh_from_db()
    assert stuck.status == "compensating"
    entry = AuditEntry.objects.get(act="retry")
    assert (entry.actor, entry.via, entry.reason) == ("operator", "console", "the warehouse is back")


def test_without_htmx_the_act_leads_back_to_the_saga(cast: Cast, stuck: Saga) -> None:
    response = cast.operator.browser.post(address(stuck), {"reason": "x", "revision": stuck.revision}, follow=True)
    assert "Retry asked for" in response.content.decode()


def test_a_reason_is_required(cast: Cast, stuck: Saga) -> None:
    response = post(cast, stuck, reason=" ")
    assert response.status_code == 400
    assert "This field is required." in response.content.decode()
    assert not AuditEntry.objects.filter(act="retry").exists()


def test_a_changed_saga_refuses_and_says_who_changed_it(cast: Cast, stuck: Saga) -> None:
    perform("pause", saga_id=stuck.pk, actor=cast.admin.actor, reason="wait")
    response = post(cast, stuck)
    html = response.content.decode()
    assert response.status_code == 409
    assert "The saga has changed since you looked." in html
    assert "The last person who changed it is admin." in html
    assert "paused" in html
    stuck.refresh_from_db()
    assert stuck.status == "stuck"


def test_a_viewer_may_not_act_and_the_try_is_audited(cast: Cast, stuck: Saga) -> None:
    assert post(cast, stuck, name="viewer").status_code == 403
    assert AuditEntry.objects.get(act="retry").granted is False


def test_unknown_acts_and_sagas_are_404(cast: Cast, stuck: Saga) -> None:
    assert cast.operator.browser.get(address(stuck, "explode")).status_code == 404
    assert post(cast, stuck, act="explode").status_code == 404


@pytest.mark.parametrize("act", ACTS)
def test_every_act_has_a_preview(cast: Cast, stuck: Saga, act: str) -> None:
    response = cast.admin.browser.get(address(stuck, act), headers=HTMX)
    assert response.status_code == 200
    assert str(words.ACTS[act]) in response.content.decode()
    assert words.ACT_DONE[act]


def test_the_conflict_says_what_the_other_person_did(cast: Cast, stuck: Saga) -> None:
    perform("retry", saga_id=stuck.pk, actor=cast.admin.actor, reason="mine")
    html = post(cast, stuck, act="compensate").content.decode()
    assert "The last person who changed it is admin." in html
    assert "Retry asked for ·" in html


def test_the_engine_going_on_is_not_blamed_on_who_launched_the_saga(cast: Cast, stuck: Saga) -> None:
    make_event(stuck, "launched", actor="shop")
    html = post(cast, stuck, revision=stuck.revision - 1).content.decode()
    assert "No person changed it: the engine went on." in html
    assert "shop" not in html


def test_a_reason_that_was_typed_survives_a_refusal(cast: Cast, stuck: Saga) -> None:
    html = post(cast, stuck, revision=stuck.revision - 1, reason="the desk & the till").content.decode()
    assert '<input type="hidden" name="reason" value="the desk &amp; the till">' in html
    response = post(cast, stuck, revision=stuck.revision - 1, reason="the desk & the till", look="again")
    again = response.content.decode()
    assert response.status_code == 200
    assert 'value="the desk &amp; the till"' in again
    assert f'name="revision" value="{stuck.revision}"' in again


def test_a_payload_that_was_typed_survives_a_refusal_also_one_that_is_wrong(cast: Cast, past_pivot: Saga) -> None:
    typed = {"step": "ship", "input": '{"qty": 1, "note": "<b>"', "reason": "", "look": "again"}
    response = post(cast, past_pivot, act="edit-and-retry", revision=past_pivot.revision - 1, **typed)
    html = response.content.decode()
    assert "{&quot;qty&quot;: 1, &quot;note&quot;: &quot;&lt;b&gt;&quot;</textarea>" in html
    assert 'class="wrong"' not in html  # it is judged when it is confirmed
    assert post(cast, past_pivot, act="edit-and-retry", **(typed | {"look": ""})).status_code == 400


def test_looking_again_at_a_choice_shows_what_follows_from_it(cast: Cast, doubtful: Saga) -> None:
    typed = {"step": "charge", "outcome": "not_applied", "reason": "I asked them", "look": "again"}
    html = post(cast, doubtful, act="resolve", revision=doubtful.revision - 1, **typed).content.decode()
    assert "Resolve: it did not" in html
    assert 'value="I asked them"' in html


def test_an_open_dialog_is_told_of_a_change_and_by_whom(cast: Cast, stuck: Saga) -> None:
    looked_at = {"part": "changed", "revision": stuck.revision, "step": "reserve-stock"}
    assert "has changed" not in _part(cast, stuck, looked_at)
    perform("pause", saga_id=stuck.pk, actor=cast.admin.actor, reason="wait")
    html = _part(cast, stuck, looked_at)
    assert "This saga has changed while you looked" in html
    assert "The last person who changed it is admin." in html
    assert "Saga paused" in html
    assert 'name="look" value="again"' in html
    assert _part(cast, stuck, looked_at | {"revision": "x"}, status=404)


def test_the_brake_needs_no_second_look_while_it_still_fits(cast: Cast, definition: SagaDefinition) -> None:
    saga = make_saga(definition, "running", ["succeeded", "due", "pending"])
    looked_at = {"part": "changed", "revision": saga.revision - 1}
    assert "has changed" not in _part(cast, saga, looked_at, act="pause")
    perform("pause", saga_id=saga.pk, actor=cast.admin.actor, reason="wait")
    perform("abandon", saga_id=saga.pk, actor=cast.admin.actor, reason="no use", details={"confirm": str(saga.pk)})
    assert "The saga has ended." in _part(cast, saga, looked_at, act="pause")


def _part(cast: Cast, saga: Saga, query: dict[str, Any], *, act: str = "retry", status: int = 200) -> str:
    response = cast.operator.browser.get(address(saga, act), query, headers=HTMX)
    assert response.status_code == status
    return str(response.content.decode())


def test_a_saga_that_goes_on_can_be_paused_all_the_same(cast: Cast, definition: SagaDefinition) -> None:
    """Its preview promises the same at every revision, and a saga at work has a new one every moment."""
    saga = make_saga(definition, "running", ["succeeded", "due", "pending"])
    assert post(cast, saga, act="pause", revision=saga.revision - 1).status_code == 204
    saga.refresh_from_db()
    assert saga.paused
    assert post(cast, saga, act="compensate", revision=saga.revision - 1).status_code == 409


@pytest.mark.parametrize("act", ["retry", "compensate", "abandon"])
def test_as_a_page_of_its_own_an_act_leaves_by_links_and_by_its_form(cast: Cast, stuck: Saga, act: str) -> None:
    """There is no dialog to close there, and what a dialog would be told nobody would hear."""
    html = cast.admin.browser.get(address(stuck, act)).content.decode()
    content = html[html.index('<div class="sheet') : html.index("</main>")]
    assert "data-close" not in content
    assert "hx-post" not in content
    assert f'<a class="button" href="/sagas/{stuck.pk}/">Cancel</a>' in content
    in_dialog = cast.admin.browser.get(address(stuck, act), headers=HTMX).content.decode()
    assert "data-close" in in_dialog
    assert "hx-post" in in_dialog
