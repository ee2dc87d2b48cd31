"""A sub-saga that fails, and what a person may say about it."""

from typing import Any

import pytest
from django.db import connection

from orchestration import parents
from orchestration.models import Saga, Step
from orchestration.operator_actions import Conflict
from tests.orchestration.operator_actions.stories import ONCE
from tests.orchestration.scripted import (
    NOTHING,
    World,
    act,
    again,
    no,
    run_until_quiet,
    steps_of,
)
from tests.orchestration.sub_sagas.stories import SUB, began, child_of, look_now, run_on, stuck_inside


def test_one_that_goes_back_by_itself_has_left_nothing_and_its_parent_goes_back(engine: World) -> None:
    engine.will("in-two", no())
    parent = began()
    run_on()
    assert (again(parent).status, child_of(parent).status) == ("compensated", "compensated")
    assert engine.calls == ["one", "in-one", "in-two", "-in-two", "-in-one", "-one"]
    error: Any = parent.steps.get(name="sub").error
    assert error == {
        "message": "its sub-saga ended compensated, and nothing of it is left", "code": "sub_saga_failed",
        "saga_id": str(child_of(parent).pk),
    }  # fmt: skip


def test_past_the_pivot_a_retry_begins_another_one(engine: World) -> None:
    engine.will("in-two", no())
    parent = began({"name": "one", "pivot": True}, SUB)
    run_on()
    assert (again(parent).status, parent.stuck_code) == ("stuck", "past_pivot")
    first = child_of(parent)
    act("retry", parent)
    run_on()
    assert again(parent).status == "completed"
    assert (child_of(parent).pk != first.pk, again(first).status) == (True, "compensated")
    parents.tell(first.pk)
    assert again(parent).status == "completed"


def test_while_it_is_stuck_its_parent_waits(engine: World) -> None:
    engine.will("in-two", NOTHING)
    parent = began(inner=("in-one", {"name": "in-two", "on_exhausted": "hold", "retry": ONCE}))
    child = child_of(parent)
    assert (child.status, parent.status, steps_of(parent)["sub"]) == ("stuck", "running", "waiting")
    look_now(parent)
    assert (again(parent).status, steps_of(parent)["sub"]) == ("running", "waiting")
    act("retry", child)
    run_on()
    assert (again(parent).status, again(child).status) == ("completed", "completed")


def test_one_that_is_abandoned_with_effects_needs_a_person_at_its_parent_too(engine: World) -> None:
    engine.will("in-two", NOTHING)
    parent = began(inner=("in-one", {"name": "in-two", "on_exhausted": "hold", "retry": ONCE}))
    child = child_of(parent)
    act("abandon", child, details={"confirm": str(child.pk)})
    assert (again(parent).status, parent.stuck_code) == ("stuck", "sub_saga_abandoned")
    assert "these effects stand there: in-one, in-two" in parent.stuck_reason
    assert parent.steps.get(name="sub").in_doubt
    act("compensate", parent)
    run_until_quiet()
    assert (again(parent).status, steps_of(parent)["sub"]) == ("stuck", "compensation_failed")
    act("resolve", parent, details={"outcome": "applied"})
    run_until_quiet()
    assert (again(parent).status, engine.calls[-1]) == ("compensated", "-one")


def test_one_that_is_abandoned_before_it_did_anything_has_failed(engine: World) -> None:
    engine.will("in-one", NOTHING)
    parent = began(inner=({"name": "in-one", "on_exhausted": "hold", "retry": ONCE},))
    child = child_of(parent)
    act("resolve", child, details={"outcome": "not_applied"})
    act("abandon", child, details={"confirm": str(child.pk)})
    run_until_quiet()
    assert again(parent).status == "compensated"


def test_what_became_of_it_is_no_question_to_a_person(engine: World) -> None:
    parent, child = stuck_inside(engine)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orchestration_saga SET epoch = epoch + 1 WHERE id = %s", [parent.pk])
    Step.objects.filter(saga_id=parent.pk, name="sub").update(status="failed", in_doubt=True, due_at=None)
    Saga.objects.filter(pk=parent.pk).update(status="stuck", stuck_code="cannot_go_on", stuck_reason="x", due_at=None)
    with pytest.raises(Conflict, match="sub: its sub-saga is stuck; a retry takes that up"):
        act("resolve", parent, details={"outcome": "applied"})
    act("retry", parent)
    run_until_quiet()
    assert (steps_of(parent)["sub"], Saga.objects.filter(parent_id=parent.pk).count()) == ("waiting", 1)
    act("retry", child)
    run_on()
    assert again(parent).status == "completed"


def test_a_restarted_sub_saga_is_the_same_step(engine: World) -> None:
    parent, child = stuck_inside(engine)
    act("restart-from", child)
    new = child_of(parent)
    assert (new.restarted_from_id, new.parent_id, again(parent).status) == (child.pk, parent.pk, "running")
    run_on()
    assert (again(parent).status, again(new).status, again(child).status) == ("completed", "completed", "abandoned")


def test_a_restarted_parent_takes_its_sub_sagas_along(engine: World) -> None:
    engine.will("three", NOTHING)
    old = began("one", SUB, {"name": "three", "on_exhausted": "hold", "retry": ONCE})
    run_on()
    act("resolve", old, details={"outcome": "not_applied"})
    act("restart-from", old)
    new = Saga.objects.get(restarted_from_id=old.pk)
    act("compensate", new)
    run_on()
    child = child_of(new)
    assert (child.parent_id, again(child).status, again(new).status) == (new.pk, "compensated", "compensated")
    assert [one.saga_id == old.pk for one in engine.commands if one.step == "one"] == [True, True]
