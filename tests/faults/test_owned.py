"""The harness sees an effect without an owner, or with two."""

from dataclasses import replace

import pytest

from tests.faults import owned
from tests.faults.facts import Effect, Facts, Saga, Step

OLD, NEW, PARENT, CHILD = "old", "new", "parent", "child"


def effect(saga_id: str, step: str, direction: str = "action") -> Effect:
    return Effect("inventory", saga_id, step, direction, 1, "available", "reserved", -2)


GOOD = Facts(
    sagas=[
        Saga(OLD, "abandoned", restarted_as=NEW),
        Saga(NEW, "compensated", restarted_from=OLD),
        Saga(PARENT, "completed"),
        Saga(CHILD, "completed", parent_id=PARENT),
    ],
    steps=[
        Step(OLD, 0, "reserve", "succeeded"),
        Step(OLD, 1, "book", "failed"),
        Step(NEW, 0, "reserve", "compensated", origin=OLD),
        Step(NEW, 1, "book", "compensated"),
        Step(PARENT, 0, "sub", "succeeded", "saga", child=CHILD),
        Step(CHILD, 0, "reserve", "succeeded"),
    ],
    effects=[effect(OLD, "reserve"), effect(OLD, "reserve", "compensation"), effect(CHILD, "reserve")],
)


def misses(facts: Facts) -> list[str]:
    return [miss.saga_id for miss in owned.unowned(replace(facts, effects=owned.by_owner(facts)))]


def test_a_good_run_has_no_miss_and_its_effects_are_the_heirs() -> None:
    assert misses(GOOD) == []
    assert [one.saga_id for one in owned.by_owner(GOOD)] == [NEW, NEW, CHILD]


@pytest.mark.parametrize(
    ("planted", "guilty"),
    [
        pytest.param({"effects": [*GOOD.effects, effect(OLD, "book")]}, OLD, id="an effect is left behind"),
        pytest.param(
            {"sagas": [*GOOD.sagas, Saga("twin", "completed", restarted_from=OLD)]}, OLD, id="two sagas took over"
        ),
        pytest.param(
            {"sagas": [*GOOD.sagas, Saga("twin", "completed", parent_id=PARENT)]}, "twin", id="a second sub-saga"
        ),
        pytest.param(
            {"sagas": [*GOOD.sagas[:3], Saga(CHILD, "compensated", parent_id=PARENT)]}, PARENT, id="done, but undone"
        ),
        pytest.param({"sagas": GOOD.sagas[:3]}, PARENT, id="a sub-saga that is lost"),
    ],
)
def test_what_is_planted_is_found(planted: dict[str, object], guilty: str) -> None:
    assert misses(replace(GOOD, **planted)) == [guilty]  # type: ignore[arg-type]
