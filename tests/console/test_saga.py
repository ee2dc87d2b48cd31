"""One saga: the picture of its steps, its attempts and journal, and what may be done."""

from typing import Any
from uuid import uuid4

from django.urls import reverse
from django.utils import translation

from orchestration.console import reasons
from orchestration.core.saga_state import Stuck
from orchestration.models import Saga, SagaDefinition
from tests.cast import Cast
from tests.console.conftest import BEFORE_APPROVAL
from tests.console.rows import make_attempt, make_saga


def page(cast: Cast, saga: Saga, name: str = "operator", **headers: str) -> Any:
    return getattr(cast, name).browser.get(reverse("console:saga", args=[saga.pk]), headers=headers)


def test_title_status_and_reason(cast: Cast, stuck: Saga) -> None:
    html = page(cast, stuck).content.decode()
    assert "<title>stuck · ORDER-7 · sagaconsole</title>" in html
    assert "A step could not be undone, and all tries are spent." in html
    assert "could not be undone in 5 tries" in html
    assert html.count("<h1") == 1


def test_an_unknown_saga_is_404(cast: Cast) -> None:
    assert cast.viewer.browser.get(reverse("console:saga", args=[uuid4()])).status_code == 404


def test_the_picture_turns_where_the_saga_turned(cast: Cast, stuck: Saga) -> None:
    stages = page(cast, stuck).context["stages"]
    assert [stage.turns for stage in stages] == [False, True, False]
    backs = [stage.stops[0].back for stage in stages]
    assert [back.look.icon if back.look else None for back in backs] == ["stuck", "compensated", None]
    assert stages[0].went_back


def test_a_saga_that_only_went_forward_has_an_empty_undo_lane(cast: Cast, definition: SagaDefinition) -> None:
    saga = make_saga(definition, "running", ["succeeded", "running", "pending"])
    stages = page(cast, saga).context["stages"]
    assert not any(stage.turns or stage.stops[0].back.look for stage in stages)
    assert [stage.went for stage in stages] == [True, False, False]


def test_each_try_is_a_tick(cast: Cast, definition: SagaDefinition) -> None:
    saga = make_saga(definition, "running", ["running", "pending", "pending"])
    for number in (1, 2):
        make_attempt(saga, 0, "in_doubt", number=number)
    cell = page(cast, saga).context["stages"][0].stops[0].forward
    assert [tick.icon for tick in cell.ticks] == ["doubt", "doubt"]
    assert cell.shows_ticks


def test_buttons_are_what_state_and_rights_allow(cast: Cast, stuck: Saga) -> None:
    acts = page(cast, stuck, "admin").context["acts"]
    assert [act.name for act in acts if act.in_front] == ["retry", "compensate", "skip", "pause"]
    assert [act.name for act in acts if not act.in_front and not act.why_not] == ["edit-and-retry", "abandon"]
    assert {act.name: act.why_not for act in acts if act.why_not} == {
        "resolve": "No step that the saga is stuck on is in doubt.",
        "restart-from": "The saga is on its way back, and a restart only goes forward.",
    }
    assert [act.name for act in acts if act.is_main] == ["retry"]


def test_who_lacks_the_right_is_told_so_at_each_act(cast: Cast, stuck: Saga) -> None:
    acts = page(cast, stuck, "viewer").context["acts"]
    assert {act.why_not for act in acts} == {"Your role does not allow this act."}
    by_operator = {act.name: act.why_not for act in page(cast, stuck).context["acts"]}
    assert by_operator["abandon"] == "Your role does not allow this act."


def test_a_reason_why_not_is_there_to_be_read(cast: Cast, doubtful: Saga) -> None:
    html = page(cast, doubtful).content.decode()
    assert "charge is in doubt: first find out whether it took effect." in html
    assert html.index("Resolve doubt") < html.index("More acts") < html.index("Skip step")


def test_an_act_that_does_not_fit_is_disabled_with_the_reason(cast: Cast, definition: SagaDefinition) -> None:
    saga = make_saga(definition, "running", ["succeeded", "running", "pending"])
    acts = {act.name: act.why_not for act in page(cast, saga).context["acts"]}
    assert acts["skip"] == "Only a step that the saga is stuck on can be skipped."
    assert acts["compensate"] == ""


def test_an_ended_saga_offers_no_acts(cast: Cast, definition: SagaDefinition) -> None:
    saga = make_saga(definition, "completed", ["succeeded"] * 3)
    assert page(cast, saga).context["acts"] == []


def test_what_a_participant_says_is_shown_as_inert_text(cast: Cast, definition: SagaDefinition) -> None:
    saga = make_saga(definition, "running", ["due", "pending", "pending"], business_key="<img src=x>")
    make_attempt(saga, 0, "refused", error={"message": "<script>alert(1)</script>", "code": "x"})
    html = page(cast, saga).content.decode()
    assert "<script>alert" not in html
    assert "<img src=x>" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_request_and_answer_come_when_they_are_unfolded(cast: Cast, stuck: Saga) -> None:
    make_attempt(stuck, 0, "succeeded", request={"sku": "A"}, answer={"ref": "R-1"})
    assert "R-1" not in page(cast, stuck).content.decode()
    address = reverse("console:attempt", args=[stuck.pk, 0, "action", 1])
    part = cast.viewer.browser.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "R-1" in part
    assert f"{stuck.pk}:reserve-stock:action" in part
    raw = cast.viewer.browser.get(f"{address}?raw=answer")
    assert (raw["Content-Type"], raw.content) == ("text/plain; charset=utf-8", b'{\n  "ref": "R-1"\n}')


def test_an_undo_as_a_shell_command_sends_what_the_action_answered(cast: Cast, stuck: Saga) -> None:
    make_attempt(stuck, 0, "succeeded", answer={"hold": "H-1"})
    make_attempt(stuck, 0, "refused", direction="compensation")
    address = reverse("console:attempt", args=[stuck.pk, 0, "compensation", 1])
    assert '"output": {"hold": "H-1"}' in cast.viewer.browser.get(address).context["curl"]
    action = reverse("console:attempt", args=[stuck.pk, 0, "action", 1])
    assert '"output": null' in cast.viewer.browser.get(action).context["curl"]


def test_a_megabyte_is_cut_with_a_note_of_its_size(cast: Cast, stuck: Saga) -> None:
    make_attempt(stuck, 0, "succeeded", answer={"items": ["x" * 100] * 10_000})
    address = reverse("console:attempt", args=[stuck.pk, 0, "action", 1])
    part = cast.viewer.browser.get(address, headers={"HX-Request": "true"}).content.decode()
    assert len(part) < 200_000
    assert "Cut here; the whole is 1.0 MB." in part


def test_the_part_carries_the_title_and_leaves_the_input_out(cast: Cast, stuck: Saga) -> None:
    part = page(cast, stuck, HX_Request="true").content.decode()
    assert "<title>stuck · ORDER-7" in part
    assert "Copy as curl" not in part


def test_every_reason_to_be_stuck_is_explained() -> None:
    assert {code.value for code in Stuck} <= set(reasons.STUCK)


def test_an_overdue_saga_says_so_and_what_that_means(cast: Cast, big: SagaDefinition) -> None:
    steps = [*BEFORE_APPROVAL, "succeeded", "succeeded", "waiting", "pending"]
    saga = make_saga(big, "running", steps, overdue=True, business_key="BIG-9")
    html = page(cast, saga).content.decode()
    assert "Overdue: its deadline has passed" in html
    assert "There is no way back" in html
    assert "overdue" in cast.viewer.browser.get("/sagas/").content.decode()


def test_what_the_rules_say_against_an_act_has_words_in_portuguese() -> None:
    """Every refusal that the rules can raise, as they word it."""
    said = [
        "the saga has ended: completed", "a: the participant says that it can never be undone", "not paused",
        "a is in doubt: first find out whether it took effect", "a call is out; its answer comes first",
        "the saga has changed since you looked: it is at revision 3, not 2", "no step waits for its next try",
        "the saga is past its pivot, a, and only goes forward", "already paused", "already compensating",
        "the pivot, a, is being called; its answer comes first", "a: the time to decide is over", "a makes no call",
        "more than one step fits; name one of a, b", "you lack the right to skip", "no step waits for an approval",
        "only a step that the saga is stuck on can be skipped", "that step is not one that this act fits",
        "only a step that the saga is stuck on can be resolved", "the new input is missing",
        "no step that the saga is stuck on is in doubt", "only a stuck or paused saga can be abandoned",
    ]  # fmt: skip
    for message in said:
        english = reasons.why_not(message)
        with translation.override("pt-br"):
            assert reasons.why_not(message) != english, message
