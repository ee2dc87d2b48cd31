"""A sub-saga is undone as one unit, and with its parent."""

import pytest

from orchestration.models import Saga
from orchestration.operator_actions import Conflict
from tests.orchestration.scripted import (
    World,
    act,
    again,
    no,
    steps_of,
)
from tests.orchestration.sub_sagas.stories import SUB, began, child_of, look_now, run_on, stuck_inside


def test_an_ended_one_is_reopened_and_undone_as_one(engine: World) -> None:
    engine.will("three", no())
    parent = began()
    run_on()
    assert (again(parent).status, child_of(parent).status) == ("compensated", "compensated")
    assert engine.calls[-5:] == ["three", "-three", "-in-two", "-in-one", "-one"]
    child = child_of(parent)
    assert [event.status for event in child.events.filter(kind="parent_goes_back")] == ["compensating"]


def test_nobody_else_can_reopen_it(engine: World) -> None:
    parent = began()
    run_on()
    with pytest.raises(Conflict, match="the saga has ended: completed"):
        act("compensate", child_of(parent))


def test_a_live_one_is_told_to_go_back_with_its_parent(engine: World) -> None:
    parent, child = stuck_inside(engine)
    act("compensate", parent)
    run_on()
    assert (again(parent).status, again(child).status) == ("compensated", "compensated")
    assert engine.calls[-3:] == ["-in-two", "-in-one", "-one"]


def test_the_parents_deadline_takes_it_along(engine: World) -> None:
    parent, child = stuck_inside(engine)
    Saga.objects.filter(pk=parent.pk).update(deadline_at="2020-01-01T00:00:00Z", due_at="2020-01-01T00:00:00Z")
    run_on()
    assert (again(parent).status, again(child).status) == ("compensated", "compensated")


def test_its_own_deadline_takes_the_parent_along(engine: World) -> None:
    inner = ("in-one", {"name": "ok", "approval": {"timeout": 3600}})
    parent = began(inner=inner)
    child = child_of(parent)
    Saga.objects.filter(pk=child.pk).update(deadline_at="2020-01-01T00:00:00Z", due_at="2020-01-01T00:00:00Z")
    run_on()
    assert (again(child).status, again(parent).status) == ("compensated", "compensated")


def test_an_undo_that_is_stuck_inside_is_waited_for(engine: World) -> None:
    engine.will("three", no())
    engine.will("in-one", no(), direction="compensation")
    parent = began()
    run_on()
    child = child_of(parent)
    assert (again(parent).status, child.status) == ("compensating", "stuck")
    look_now(parent)
    assert (again(parent).status, again(child).status) == ("compensating", "stuck")
    act("retry", child)
    run_on()
    assert (again(parent).status, again(child).status) == ("compensated", "compensated")


def test_past_its_own_pivot_it_can_never_be_undone(engine: World) -> None:
    engine.will("three", no())
    parent = began(inner=({"name": "in-one", "pivot": True}, "in-two"))
    run_on()
    assert (again(parent).status, parent.stuck_code) == ("stuck", "never_undoable")
    act("skip", parent)
    run_on()
    assert (again(parent).status, child_of(parent).status) == ("abandoned", "completed")
    assert engine.calls[-1] == "-one"


def test_a_step_that_never_launched_one_has_nothing_to_undo(engine: World) -> None:
    engine.will("one", no())
    parent = began("one", SUB)
    assert (again(parent).status, parent.steps.get(name="sub").child_saga_id) == ("compensated", None)


def test_a_pause_of_the_parent_does_not_stop_it(engine: World) -> None:
    parent, child = stuck_inside(engine)
    act("pause", parent)
    act("retry", child)
    run_on()
    assert (again(child).status, steps_of(parent)) == (
        "completed",
        {"one": "succeeded", "sub": "succeeded", "three": "due"},
    )
    act("resume", parent)
    run_on()
    assert again(parent).status == "completed"
