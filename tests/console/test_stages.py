"""The picture of a saga with steps side by side, conditions, approvals, timers and a pivot; and of its definition."""

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from orchestration.console import graph
from orchestration.definitions import compiled_definition
from orchestration.models import Saga, SagaDefinition
from tests.cast import Cast
from tests.console.conftest import BEFORE_APPROVAL
from tests.console.rows import make_event, make_saga


def page(cast: Cast, saga: Saga) -> Any:
    return cast.viewer.browser.get(reverse("console:saga", args=[saga.pk]))


def test_steps_of_one_stage_stand_side_by_side(cast: Cast, undecided: Saga) -> None:
    response = page(cast, undecided)
    stages = [[stop.name for stop in stage.stops] for stage in response.context["stages"]]
    assert stages == [["create"], ["reserve", "wrap", "greet"], ["approve"], ["charge"], ["cool-down"], ["ship"]]
    assert response.content.decode().count("side by side") == 1


def test_the_pivot_is_marked(cast: Cast, undecided: Saga) -> None:
    response = page(cast, undecided)
    assert [stage.is_pivot for stage in response.context["stages"]] == [False, False, False, True, False, False]
    assert response.content.decode().count("no way back from here") == 1


def test_a_condition_is_shown_and_that_it_was_false(cast: Cast, undecided: Saga) -> None:
    assert "only if" in page(cast, undecided).content.decode()
    assert "condition was false" not in page(cast, undecided).content.decode()
    make_event(undecided, "claimed", "1:due>running 2:due>skipped 3:due>running", status="running")
    assert "condition was false" in page(cast, undecided).content.decode()


def test_a_step_skipped_on_the_way_back_had_no_false_condition(cast: Cast, big: SagaDefinition) -> None:
    steps = ["compensated", "failed", "skipped", "failed", *["pending"] * 4]
    saga = make_saga(big, "compensated", steps)
    make_event(saga, "deadline", "0:succeeded>compensation_due 2:due>skipped", status="compensating")
    assert "condition was false" not in page(cast, saga).content.decode()


def test_what_waits_says_until_when(cast: Cast, big: SagaDefinition, undecided: Saga) -> None:
    assert "decision until" in page(cast, undecided).content.decode()
    soon = timezone.now() + timedelta(seconds=50)
    steps = [*BEFORE_APPROVAL, "succeeded", "succeeded", "waiting", "pending"]
    timer = make_saga(big, "running", steps, of_steps={"cool-down": {"due_at": soon}})
    cell = page(cast, timer).context["stages"][4].stops[0].forward
    assert (cell.until, cell.next_try_at) == (soon, None)
    polled = {"reserve": {"due_at": timezone.now() + timedelta(seconds=2), "answer_by": soon}}
    waiting = make_saga(
        big, "running", ["succeeded", "waiting", "skipped", "waiting", *["pending"] * 4], of_steps=polled
    )
    response = page(cast, waiting)
    assert response.context["stages"][1].stops[0].forward.until == soon
    assert "answer may come until" in response.content.decode()
    assert "asked again in" in response.content.decode()


def test_what_the_definition_leaves_is_told_apart_from_what_stands(cast: Cast, big: SagaDefinition) -> None:
    steps = ["compensated", "compensated", "skipped", "succeeded", "failed", *["pending"] * 3]
    saga = make_saga(big, "compensated", steps, of_steps={"approve": {"started_at": timezone.now()}})
    response = page(cast, saga)
    assert response.context["left_as_is"] == ["greet"]
    assert response.context["open_effects"] == []
    assert [stage.turns for stage in response.context["stages"]] == [False, False, True, False, False, False]
    assert "left as is" in response.content.decode()


def test_nothing_is_called_left_as_is_while_all_goes_well(cast: Cast, undecided: Saga) -> None:
    assert page(cast, undecided).context["left_as_is"] == []


def test_the_graph_has_a_box_for_every_kind_and_no_way_back_past_the_pivot(big: SagaDefinition) -> None:
    drawn = graph.graph(compiled_definition(big.pk).steps)
    boxes = {box.title: box for box in drawn.boxes}
    assert (boxes["approve"].kind, boxes["cool-down"].kind) == ("approval", "wait")
    assert [line.text for line in boxes["approve"].lines] == ["a person decides, in 15…"]
    assert "? input.gift" in [line.text for line in boxes["wrap"].lines]
    assert boxes["charge"].is_pivot
    assert boxes["reserve"].x == boxes["greet"].x
    # create to the three, the three to approve, approve to charge; cool-down and ship lie past the pivot.
    assert len(drawn.wires_back) == 3 + 3 + 1
    assert len(drawn.wires) == 3 + 3 + 1 + 1 + 1


def test_the_page_of_a_definition_says_all_of_it_in_words(cast: Cast, big: SagaDefinition) -> None:
    html = cast.viewer.browser.get("/definitions/big-order/").content.decode()
    for words in ("a person decides", "approve_saga", "timer", "pivot: no way back from here", "only if", "input.gift"):
        assert words in html
