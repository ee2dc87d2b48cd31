"""Restart-from where a lock is held or places are few: the new saga takes over, or stands in line."""

import pytest

from orchestration.core.states import SagaStatus
from orchestration.operator_actions import WrongAct
from tests.orchestration.operator_actions.restarts import HELD, held, restart
from tests.orchestration.scripted import (
    NOTHING,
    World,
    act,
    again,
    define,
    run_until_quiet,
    start,
)


def test_the_lock_goes_over_and_whoever_waits_for_it_goes_on_waiting(engine: World) -> None:
    engine.will("two", NOTHING)
    name = define("one", HELD, lock_key="order")
    old = start(name, order="A")
    run_until_quiet()
    act("resolve", old, details={"outcome": "not_applied"})
    waiting = start(name, order="A")
    run_until_quiet()
    assert again(waiting).parked_on == "lock:A"
    new = act("pause", restart(old))
    run_until_quiet()
    assert (again(waiting).status, again(waiting).parked_on) == ("pending", "lock:A")
    act("resume", new)
    run_until_quiet()
    assert (again(new).status, again(waiting).status) == ("completed", "completed")
    keys = [str(one.saga_id) for one in engine.commands if one.step == "two"]
    assert keys == [str(old.pk), str(new.pk), str(waiting.pk)]


def test_a_version_that_locks_by_another_key_is_refused(engine: World) -> None:
    old = held(engine, order="A")
    define("one", HELD, lock_key="order")
    with pytest.raises(WrongAct, match="version 2 locks by another key than version 1"):
        act("restart-from", old, details={"version": 2})


def test_for_a_place_among_those_in_flight_it_stands_in_line(engine: World) -> None:
    engine.will("two", NOTHING)
    old = start(define("one", HELD, concurrency=1))
    run_until_quiet()
    act("resolve", old, details={"outcome": "not_applied"})
    new = restart(old)
    assert new.parked_on == "concurrency:story"
    run_until_quiet()
    assert again(new).status == SagaStatus.COMPLETED
