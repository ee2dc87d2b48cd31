"""Crashes and lost words between a sub-saga and its parent."""

from collections.abc import Callable
from typing import Any

import pytest

from orchestration import parents
from orchestration.models import Saga
from orchestration.participants import sub_saga
from orchestration.participants.messages import Answer, Command
from tests.orchestration.scripted import (
    World,
    again,
    define,
    drain,
    run,
    start,
)
from tests.orchestration.sub_sagas.stories import SUB, began, child_of, look_now, run_on


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
