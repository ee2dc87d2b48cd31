"""A step that is another saga: launched once, undone as one, answered by its end."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from orchestration import parents
from orchestration.core.definitions import WrongDefinition
from orchestration.core.states import SagaStatus
from orchestration.definitions import DefinitionInUse, retire_definition
from orchestration.models import Saga, Step
from orchestration.operator_actions import Conflict
from orchestration.participants import sub_saga
from orchestration.participants.messages import Answer, Command
from tests.orchestration.operator_actions.stories import ONCE
from tests.orchestration.scripted import (
    NOTHING,
    World,
    act,
    admin,
    again,
    define,
    drain,
    no,
    run,
    run_until_quiet,
    start,
    steps_of,
)

SUB = {"name": "sub", "saga": "inner", "payload": "{qty: input.qty}"}


def outer(*steps: Any, inner: Any = ("in-one", "in-two"), **more: Any) -> str:
    define(*inner, name="inner")
    return define(*(steps or ("one", SUB, "three")), **more)


def began(*steps: Any, inner: Any = ("in-one", "in-two"), **more: Any) -> Saga:
    saga = start(outer(*steps, inner=inner, **more), qty=2)
    run_until_quiet()
    return again(saga)


def child_of(parent: Saga, step: str = "sub") -> Saga:
    return Saga.objects.get(pk__in=[parent.steps.get(name=step).child_saga_id])


def run_on() -> None:
    """Until the parent knows, too: what was told after the last drain's look is in the next one's."""
    for _round in range(3):
        run_until_quiet()


def look_now(parent: Saga) -> None:
    """The time at which the parent looks by itself has come."""
    parent.steps.filter(due_at__isnull=False).update(due_at="2020-01-01T00:00:00Z")
    Saga.objects.filter(pk=parent.pk, due_at__isnull=False).update(due_at="2020-01-01T00:00:00Z")
    run_until_quiet()


# -- forward -------------------------------------------------------------------------------------------------------


def test_its_end_is_the_steps_answer_and_both_know_of_each_other(engine: World) -> None:
    parent = began("one", SUB, {"name": "three", "payload": 'outputs.sub."in-two"'})
    run_on()
    assert (again(parent).status, engine.calls) == ("completed", ["one", "in-one", "in-two", "three"])
    child = child_of(parent)
    assert (child.status, child.parent_id, child.parent_position, child.depth) == ("completed", parent.pk, 1, 1)
    assert (child.data.input, child.trigger) == ({"qty": 2}, "sub-saga")
    assert engine.commands[-1].input == {"did": "in-two"}
    assert [event.kind for event in parent.events.all()].count("sub_saga_ended") == 1


def test_it_runs_the_newest_version_at_its_own_launch(engine: World) -> None:
    engine.will("one", NOTHING)
    saga = start(outer({"name": "one", "on_exhausted": "hold", "retry": ONCE}, SUB), qty=1)
    run_until_quiet()
    define("other", name="inner")
    act("retry", saga)
    run_on()
    assert (again(saga).status, engine.calls) == ("completed", ["one", "one", "other"])


def test_a_payload_that_it_cannot_take_is_a_refusal_that_was_never_sent(engine: World) -> None:
    define("in-one", name="inner", input_schema={"type": "object", "required": ["qty"]})
    for payload, code in (("`1`", "mapping"), ("{x: `1`}", "not_launched")):
        saga = start(define("one", SUB | {"payload": payload}))
        run_until_quiet()
        assert (again(saga).status, steps_of(saga)) == ("compensated", {"one": "compensated", "sub": "failed"})
        error: Any = saga.steps.get(name="sub").error
        assert error["code"] == code
    assert not Saga.objects.filter(definition_name="inner").exists()


def test_siblings_and_sub_sagas_run_side_by_side(engine: World) -> None:
    parent = began({"parallel": ["a", SUB, {**SUB, "name": "sub-two"}]}, "last")
    run_on()
    assert again(parent).status == "completed"
    assert Saga.objects.filter(parent_id=parent.pk).count() == 2
    assert engine.calls[-1] == "last"


# -- it fails ------------------------------------------------------------------------------------------------------


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


# -- the way back --------------------------------------------------------------------------------------------------


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


def stuck_inside(engine: World) -> tuple[Saga, Saga]:
    """A parent that waits for its sub-saga, which is stuck on its second step, not in doubt."""
    engine.will("in-two", NOTHING)
    parent = began(inner=("in-one", {"name": "in-two", "on_exhausted": "hold", "retry": ONCE}))
    child = child_of(parent)
    act("resolve", child, details={"outcome": "not_applied"})
    return parent, child


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


# -- what a person may say -----------------------------------------------------------------------------------------


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


# -- crashes and lost words ----------------------------------------------------------------------------------------


def test_a_parent_that_nobody_tells_looks_by_itself(engine: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parents, "tell", lambda _saga_id: None)
    parent = began()
    look_now(parent)
    assert (again(parent).status, child_of(parent).status) == ("completed", "completed")
    assert not parent.events.filter(kind="sub_saga_ended").exists()


def test_a_launch_that_is_called_again_makes_no_second_one(engine: World, monkeypatch: pytest.MonkeyPatch) -> None:
    [provided] = sub_saga._PROVIDED
    commands: list[Command] = []

    class Twice:
        def begin(self, command: Command) -> Answer:
            commands.append(command)
            provided.begin(command)
            return provided.begin(command)

        def __getattr__(self, name: str) -> Callable[..., Any]:
            return getattr(provided, name)  # type: ignore[no-any-return]

    monkeypatch.setattr(sub_saga, "_PROVIDED", [Twice()])
    parent = began()
    run_on()
    assert (again(parent).status, Saga.objects.filter(parent_id=parent.pk).count()) == ("completed", 1)
    late = provided.begin(commands[0])
    assert (late.outcome, Saga.objects.filter(parent_id=parent.pk).count()) == ("in_doubt", 1)


def test_a_worker_that_has_lost_its_lease_launches_nothing(engine: World) -> None:
    define("in-one", name="inner")
    parent = start(define("one", SUB), qty=1)
    run(drain())
    command = engine.commands[0]._replace(step="sub", position=1, target="inner", input={}, epoch=99)
    answer = sub_saga._PROVIDED[0].begin(command)
    assert (answer.outcome, Saga.objects.filter(parent_id=parent.pk).count()) == ("in_doubt", 1)


# -- documents -----------------------------------------------------------------------------------------------------


def sub(name: str) -> dict[str, str]:
    return {"name": name, "saga": name}


def test_a_name_that_there_is_not_and_a_circle_are_refused(engine: World) -> None:
    with pytest.raises(WrongDefinition, match=r"steps\[0\]\.saga: no definition is named 'nobody'"):
        define(sub("nobody"))
    with pytest.raises(WrongDefinition, match="story would be a sub-saga of itself"):
        define(sub("story"))
    define("a", name="low")
    define(sub("low"), name="middle")
    define(sub("middle"), name="high")
    with pytest.raises(WrongDefinition, match="low would be a sub-saga of itself"):
        define(sub("high"), name="low")


def test_five_levels_are_taken_and_six_refused_at_either_end(engine: World) -> None:
    define("a", name="level-5")
    for level in range(4, -1, -1):
        define(sub(f"level-{level + 1}"), name=f"level-{level}")
    with pytest.raises(WrongDefinition, match="sub-sagas would go 6 deep, and 5 is the most"):
        define(sub("level-0"), name="too-high")
    define("b", name="lower-still")
    with pytest.raises(WrongDefinition, match="6 deep"):
        define(sub("lower-still"), name="level-5")
    saga = start("level-0")
    for _level in range(6):
        run_until_quiet()
    assert (again(saga).status, Saga.objects.get(definition_name="level-5").depth) == (SagaStatus.COMPLETED, 5)
    Saga.objects.filter(pk=saga.pk).update(depth=3)


def test_at_the_launch_the_depth_is_looked_at_again(engine: World) -> None:
    saga = start(outer("one", SUB), qty=1)
    Saga.objects.filter(pk=saga.pk).update(depth=5)
    run_until_quiet()
    error: Any = saga.steps.get(name="sub").error
    assert (again(saga).status, error["code"]) == ("compensated", "too_deep")


def test_a_definition_that_is_a_sub_saga_of_another_is_not_retired(engine: World) -> None:
    outer()
    with pytest.raises(DefinitionInUse, match="inner is a sub-saga of story"):
        retire_definition(name="inner", actor=admin())
    assert retire_definition(name="story", actor=admin()) == 1
    assert retire_definition(name="inner", actor=admin()) == 1
