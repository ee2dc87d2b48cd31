"""Acts that ask for more than a reason: what they show first, what is wrong at its field, and what they do."""

from typing import Any

import pytest
from django.urls import reverse

from orchestration.definitions import publish_definition
from orchestration.models import Saga, SagaDefinition, Step
from tests.cast import Cast
from tests.console.conftest import BEFORE_APPROVAL, BIG
from tests.console.rows import make_attempt, make_saga

HTMX = {"HX-Request": "true"}


def dialog(cast: Cast, saga: Saga, act: str, name: str = "operator", **query: str) -> Any:
    address = reverse("console:act", args=[saga.pk, act])
    return getattr(cast, name).browser.get(address, query, headers=HTMX)


def post(cast: Cast, saga: Saga, act: str, name: str = "operator", **form: Any) -> Any:
    body = {"reason": "looked at it", "revision": saga.revision} | form
    return getattr(cast, name).browser.post(reverse("console:act", args=[saga.pk, act]), body, headers=HTMX)


def step(saga: Saga, name: str) -> Step:
    return Step.objects.get(saga=saga, name=name)


def test_resolve_asks_for_the_evidence_and_offers_no_default(cast: Cast, doubtful: Saga) -> None:
    html = dialog(cast, doubtful, "resolve").content.decode()
    assert reverse("console:evidence", args=[doubtful.pk]) + "?step=charge" in html
    assert "checked" not in html
    assert "Choose, and what would follow is shown here" in html


def test_what_would_follow_from_a_choice_comes_alone(cast: Cast, doubtful: Saga) -> None:
    response = dialog(cast, doubtful, "resolve", part="foreseen", outcome="applied", step="charge")
    html = response.content.decode()
    assert html.lstrip().startswith('<div id="_foreseen"')
    assert "Once charge has taken effect, the saga only goes forward." in html
    assert [call.step for call in response.context["preview"].calls] == ["ship"]
    assert "Resolve: it took effect" in html
    other = dialog(cast, doubtful, "resolve", part="foreseen", outcome="not_applied", step="charge")
    assert "The saga stays stuck: then retry, skip or compensate." in other.content.decode()


def test_resolve_as_applied_goes_on_with_the_output(cast: Cast, doubtful: Saga) -> None:
    response = post(cast, doubtful, "resolve", step="charge", outcome="applied", output='{"receipt": 7}')
    assert response.status_code == 204
    charge = step(doubtful, "charge")
    assert (charge.status, charge.in_doubt, charge.output) == ("succeeded", False, {"receipt": 7})


def test_resolve_as_not_applied_forgets_an_output_that_was_typed_before(cast: Cast, doubtful: Saga) -> None:
    assert post(cast, doubtful, "resolve", step="charge", outcome="not_applied", output="{}").status_code == 204
    charge = step(doubtful, "charge")
    assert (charge.status, charge.in_doubt, charge.output) == ("failed", False, None)


def test_a_wrong_output_is_refused_at_its_field_and_stays_typed(cast: Cast, doubtful: Saga) -> None:
    response = post(cast, doubtful, "resolve", step="charge", outcome="applied", output="{oops", reason="I asked them")
    html = response.content.decode()
    assert response.status_code == 400
    assert response.context["form"].errors.keys() == {"output"}
    assert "{oops" in html
    assert "I asked them" in html
    assert step(doubtful, "charge").in_doubt


def test_without_a_choice_nothing_is_resolved(cast: Cast, doubtful: Saga) -> None:
    response = post(cast, doubtful, "resolve", step="charge")
    assert response.status_code == 400
    assert response.context["form"].errors.keys() == {"outcome"}


def test_an_undo_in_doubt_is_resolved_in_other_words_and_without_an_output(cast: Cast, stuck: Saga) -> None:
    Step.objects.filter(saga=stuck, position=0).update(in_doubt=True)
    html = dialog(cast, stuck, "resolve").content.decode()
    assert "It was undone" in html
    assert 'name="output"' not in html
    assert post(cast, stuck, "resolve", step="reserve-stock", outcome="applied").status_code == 204
    assert step(stuck, "reserve-stock").status == "compensated"


def test_edit_begins_with_what_would_be_sent(cast: Cast, past_pivot: Saga) -> None:
    form = dialog(cast, past_pivot, "edit-and-retry").context["form"]
    assert form.initial["input"] == '{\n  "qty": 2\n}'
    assert "sends what stands below" in dialog(cast, past_pivot, "edit-and-retry").content.decode()


def test_an_edit_of_a_payload_that_cannot_be_made_begins_empty_and_says_why(cast: Cast, big: SagaDefinition) -> None:
    document = BIG | {
        "name": "wrong-order",
        "steps": [{"name": "a", "participant": "payments", "action": "/a", "payload": "length(input.qty)"}],
    }
    definition = publish_definition(document=document, actor=cast.admin.actor).definition
    saga = make_saga(definition, "stuck", ["failed"], stuck_code="held", stuck_reason="a: hold")
    form = dialog(cast, saga, "edit-and-retry").context["form"]
    assert form.initial["input"] == ""
    assert "cannot be made" in form.fields["input"].help_text


def test_an_edited_payload_is_kept_and_tried(cast: Cast, past_pivot: Saga) -> None:
    assert post(cast, past_pivot, "edit-and-retry", step="ship", input='{"qty": 3}').status_code == 204
    ship = step(past_pivot, "ship")
    assert (ship.status, ship.edited_input) == ("due", {"qty": 3})
    page = cast.operator.browser.get(reverse("console:saga", args=[past_pivot.pk])).content.decode()
    assert "payload edited" in page


@pytest.mark.parametrize("typed", ["{qty: 3}", "null", '{"a": 1, "a": 2}', '"\\u0000"', "NaN"])
def test_an_edit_that_is_no_payload_is_refused_at_its_field(cast: Cast, past_pivot: Saga, typed: str) -> None:
    response = post(cast, past_pivot, "edit-and-retry", step="ship", input=typed)
    assert response.status_code == 400
    assert response.context["form"].errors.keys() == {"input"}
    assert response.context["form"]["input"].value() == typed
    assert step(past_pivot, "ship").edited_input is None


def test_an_empty_object_is_a_payload_too(cast: Cast, past_pivot: Saga) -> None:
    assert post(cast, past_pivot, "edit-and-retry", step="ship", input="{}").status_code == 204
    assert step(past_pivot, "ship").edited_input == {}


def test_abandon_lists_what_stands_and_asks_for_the_id(cast: Cast, doubtful: Saga) -> None:
    html = dialog(cast, doubtful, "abandon", "admin").content.decode()
    assert "These effects stay: create, reserve, greet, charge" in html
    assert f'<span class="mono">{doubtful.pk}</span>' in html
    assert "Abandon this saga" in html


@pytest.mark.parametrize("typed", ["", "BIG-2", "yes"])
def test_abandon_without_the_id_does_nothing(cast: Cast, doubtful: Saga, typed: str) -> None:
    response = post(cast, doubtful, "abandon", "admin", confirm=typed)
    assert response.status_code == 400
    assert response.context["form"].errors.keys() == {"confirm"}
    doubtful.refresh_from_db()
    assert doubtful.status == "stuck"


def test_abandon_with_the_id_ends_the_saga(cast: Cast, doubtful: Saga) -> None:
    assert post(cast, doubtful, "abandon", "admin", confirm=str(doubtful.pk)).status_code == 204
    doubtful.refresh_from_db()
    assert doubtful.status == "abandoned"
    assert post(cast, doubtful, "abandon", "admin", confirm=str(doubtful.pk)).status_code == 409


def test_abandon_is_not_for_operators(cast: Cast, doubtful: Saga) -> None:
    assert post(cast, doubtful, "abandon", confirm=str(doubtful.pk)).status_code == 403


def test_where_several_steps_fit_one_is_chosen_first(cast: Cast, big: SagaDefinition) -> None:
    steps = ["succeeded", "failed", "skipped", "failed", *["pending"] * 4]
    saga = make_saga(big, "stuck", steps, stuck_code="held", stuck_reason="reserve, greet: hold")
    make_attempt(saga, 1, "refused")
    html = dialog(cast, saga, "retry").content.decode()
    assert "Which step? More than one fits." in html
    assert "?step=reserve" in html
    assert "?step=greet" in html
    plain = cast.operator.browser.get(reverse("console:act", args=[saga.pk, "retry"])).content.decode()
    assert plain.count("<h1") == 1
    assert 'name="step" value="greet"' in dialog(cast, saga, "retry", step="greet").content.decode()
    assert post(cast, saga, "retry", step="greet").status_code == 204
    assert [step(saga, name).status for name in ("reserve", "greet")] == ["failed", "due"]


def test_the_step_that_it_is_about_is_named(cast: Cast, doubtful: Saga, past_pivot: Saga) -> None:
    assert "<b>charge</b>" in dialog(cast, doubtful, "resolve").content.decode()
    assert "<b>ship</b>" in dialog(cast, past_pivot, "skip").content.decode()
    assert dialog(cast, past_pivot, "skip", step="nonsense").status_code == 404


def test_a_paused_saga_says_that_calls_wait(cast: Cast, big: SagaDefinition) -> None:
    saga = make_saga(big, "running", [*BEFORE_APPROVAL, "pending", *["pending"] * 3], paused=True)
    html = dialog(cast, saga, "compensate").content.decode()
    assert "The saga is paused: no call goes out before somebody resumes it." in html
