"""Limits over all workers: sagas of one definition in flight."""

from orchestration.models import Saga, Step
from tests.orchestration.limits.crowd import run_to_the_end
from tests.orchestration.scripted import (
    World,
    act,
    again,
    define,
    drain_until,
    no,
    run_until_quiet,
    start,
)


def test_no_more_sagas_are_in_flight_than_the_definition_says(engine: World) -> None:
    """A step that waits for its answer counts; a saga that is stuck does not, and waits for a place when it goes on."""
    name = define({"wait": 3600, "name": "long"}, {"name": "two", "on_exhausted": "hold"}, concurrency=2)
    sagas = [start(name) for _number in range(4)]
    run_until_quiet()
    assert [again(saga).status for saga in sagas] == ["running", "running", "pending", "pending"]
    assert [saga.parked_on for saga in sagas] == [None, None, "concurrency:story", "concurrency:story"]
    engine.will("two", *[RuntimeError("nobody knows")] * 3)
    Step.objects.filter(saga=sagas[0], name="long").update(due_at=sagas[0].created_at)
    Saga.objects.filter(pk=sagas[0].pk).update(due_at=sagas[0].created_at)
    drain_until(lambda: again(sagas[2]).status == "running")
    assert [again(saga).status for saga in sagas] == ["stuck", "running", "running", "pending"]
    act("retry", sagas[0])
    run_until_quiet()
    assert [again(saga).parked_on for saga in sagas] == ["concurrency:story", None, None, "concurrency:story"]
    act("compensate", sagas[1])
    drain_until(lambda: again(sagas[3]).status != "pending")
    assert [again(saga).status for saga in sagas] == ["completed", "compensated", "running", "running"]


def test_a_saga_that_was_refused_leaves_its_place_to_the_next(engine: World) -> None:
    name = define("one", concurrency=1)
    engine.will("one", no(), no(), no())
    sagas = [start(name) for _number in range(5)]
    run_to_the_end()
    assert [again(saga).status for saga in sagas] == ["compensated"] * 3 + ["completed"] * 2
