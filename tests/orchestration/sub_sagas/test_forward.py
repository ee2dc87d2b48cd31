"""A sub-saga on the way forward: launched once, answered by its end."""

from typing import Any

from orchestration.models import Saga
from tests.orchestration.operator_actions.stories import ONCE
from tests.orchestration.scripted import (
    NOTHING,
    World,
    act,
    again,
    define,
    run_until_quiet,
    start,
    steps_of,
)
from tests.orchestration.sub_sagas.stories import SUB, began, child_of, outer, run_on


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
