"""Which sub-sagas a document may name, and how deep they go."""

from typing import Any

import pytest

from orchestration.core.definitions import WrongDefinition
from orchestration.core.states import SagaStatus
from orchestration.definitions import DefinitionInUse, retire_definition
from orchestration.models import Saga
from tests.orchestration.scripted import (
    World,
    admin,
    again,
    define,
    run_until_quiet,
    start,
)
from tests.orchestration.sub_sagas.stories import SUB, outer


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
