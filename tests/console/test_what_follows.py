"""What a dialog says will follow is what follows: in paused, overdue, doubtful and twice stuck sagas."""

from datetime import timedelta

from django.utils import timezone

from orchestration.console.act_page import Sheet
from orchestration.core.saga_state import Stuck
from orchestration.models import Saga, SagaDefinition, Step
from orchestration.operator_actions import perform
from tests.cast import Cast
from tests.console.conftest import BEFORE_APPROVAL
from tests.console.rows import make_event, make_saga
from tests.console.test_act_details import dialog, post
from tests.console.test_stages import page


def test_a_paused_saga_shows_the_calls_that_wait_for_its_resume(cast: Cast, big: SagaDefinition) -> None:
    saga = make_saga(big, "running", [*BEFORE_APPROVAL, "pending", *["pending"] * 3], paused=True)
    response = dialog(cast, saga, "compensate")
    calls = [(call.step, call.direction) for call in response.context["preview"].calls]
    assert calls == [("reserve", "compensation"), ("create", "compensation")]
    assert "2 steps are called, newest first" in response.content.decode()


def test_a_pause_shows_no_call(cast: Cast, big: SagaDefinition) -> None:
    saga = make_saga(big, "running", [*BEFORE_APPROVAL, "due", *["pending"] * 3])
    assert dialog(cast, saga, "pause").context["preview"].calls == []


def test_a_retry_after_the_deadline_says_that_it_goes_back(cast: Cast, big: SagaDefinition) -> None:
    steps = ["succeeded", "failed", "skipped", "succeeded", *["pending"] * 4]
    saga = make_saga(big, "stuck", steps, stuck_code=Stuck.HELD, stuck_reason="reserve: hold")
    assert "The step is tried again at once" in dialog(cast, saga, "retry").content.decode()
    Saga.objects.filter(pk=saga.pk).update(deadline_at=timezone.now() - timedelta(seconds=1))
    html = dialog(cast, saga, "retry").content.decode()
    assert "The step is tried again at once" not in html
    assert "The deadline has passed, so nothing is tried again. 2 steps are called, newest first" in html
    assert "sends what stands below" not in dialog(cast, saga, "edit-and-retry").content.decode()


def test_an_undo_is_tried_again_whatever_the_deadline(cast: Cast, stuck: Saga) -> None:
    Saga.objects.filter(pk=stuck.pk).update(deadline_at=timezone.now() - timedelta(seconds=1))
    assert "The step is tried again at once" in dialog(cast, stuck, "retry").content.decode()


def test_a_skip_that_leaves_another_failed_step_says_that_the_saga_stays_stuck(cast: Cast, big: SagaDefinition) -> None:
    steps = ["succeeded", "compensation_failed", "compensation_failed", "skipped", *["pending"] * 4]
    saga = make_saga(big, "stuck", steps)
    html = dialog(cast, saga, "skip", step="reserve").content.decode()
    assert "its effect stands. The saga stays stuck: wrap still needs a person." in html
    assert "ends abandoned" not in html
    assert post(cast, saga, "skip", step="reserve").status_code == 204
    assert "The rest is undone, and the saga ends abandoned." in dialog(cast, saga, "skip").content.decode()


def test_resolving_one_of_two_says_that_the_saga_stays_stuck(cast: Cast, big: SagaDefinition) -> None:
    steps = ["succeeded", "compensation_failed", "compensation_failed", "skipped", *["pending"] * 4]
    saga = make_saga(big, "stuck", steps, of_steps={"reserve": {"in_doubt": True}})
    html = dialog(cast, saga, "resolve", part="foreseen", outcome="applied", step="reserve").content.decode()
    assert "The step counts as undone. The saga stays stuck: wrap still needs a person." in html


def test_a_skip_forward_speaks_of_no_effect_that_stays(cast: Cast, past_pivot: Saga) -> None:
    html = dialog(cast, past_pivot, "skip").content.decode()
    assert "the saga goes on without it" in html
    assert "These effects stay" not in html


def test_a_pivot_that_did_not_take_effect_is_in_doubt_no_more(cast: Cast, doubtful: Saga) -> None:
    assert "Nobody knows whether the pivot took effect" in page(cast, doubtful).content.decode()
    perform(
        "resolve", saga_id=doubtful.pk, actor=cast.operator.actor, reason="not in their books",
        details={"outcome": "not_applied"},
    )  # fmt: skip
    for html in (page(cast, doubtful).content.decode(), cast.viewer.browser.get("/").content.decode()):
        assert "Nobody knows whether the pivot took effect" not in html
        assert "The pivot did not take effect: somebody found that out." in html
    html = page(cast, doubtful).content.decode()
    assert "then resolve the step" not in html
    assert "found out: it did not happen" in html


def test_what_is_in_doubt_may_stand_and_is_not_said_to_stand(cast: Cast, doubtful: Saga) -> None:
    response = page(cast, doubtful)
    assert response.context["open_effects"] == ["create", "reserve", "greet"]
    assert response.context["may_stand"] == ["charge"]
    assert "May stand, nobody knows:" in response.content.decode()
    assert "charge (in doubt)" in dialog(cast, doubtful, "abandon", "admin").content.decode()


def test_a_step_that_has_no_undo_is_not_said_to_have_nothing_to_undo(cast: Cast, past_pivot: Saga) -> None:
    html = page(cast, past_pivot).content.decode()
    assert html.count("nothing to undo") == 2  # the approval and the timer
    assert html.count("has no undo") == 2  # greet and ship


def test_a_call_without_an_answer_is_not_called_answered(cast: Cast, doubtful: Saga) -> None:
    make_event(doubtful, "answered", "5:running>due")
    html = page(cast, doubtful).content.decode()
    assert "a call ended" in html
    assert ">answered<" not in html


def test_a_rejection_says_who_rejected(cast: Cast, undecided: Saga) -> None:
    perform(
        "approve", saga_id=undecided.pk, actor=cast.admin.actor, reason="too large", details={"outcome": "rejected"}
    )
    html = page(cast, undecided).content.decode()
    assert "too large" in html
    assert "rejected by admin" in html
    assert Step.objects.get(saga=undecided, name="approve").status == "failed"


def test_a_saga_that_moves_while_its_dialog_is_made_does_no_harm(cast: Cast, past_pivot: Saga) -> None:
    """It was read as running; when the rules are asked a moment later it is stuck."""
    Saga.objects.filter(pk=past_pivot.pk).update(status="running", stuck_code="", stuck_reason="")
    sheet = Sheet.of("skip", past_pivot.pk, cast.operator.actor, "ship")
    assert sheet.state.status == "running"
    Saga.objects.filter(pk=past_pivot.pk).update(status="stuck", stuck_code=Stuck.PAST_PIVOT, stuck_reason="ship: no")
    effects = sheet.context(sheet.form())["effects"]
    assert effects.preview.allowed
    assert "goes on without it" in effects.sentence
