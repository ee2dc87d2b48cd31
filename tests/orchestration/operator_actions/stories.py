"""Sagas that wait for a person, made by the real drain."""

from typing import Any

from orchestration.models import Saga
from tests.orchestration.scripted import NOTHING, World, define, no, run_until_quiet, start

ONCE = {"max_attempts": 1}


def stuck_in_doubt(engine: World, **saga_input: Any) -> Saga:
    """one succeeded, nobody knows about two, three is still to come."""
    engine.will("two", NOTHING)
    return _quiet(define("one", {"name": "two", "on_exhausted": "hold", "retry": ONCE}, "three"), **saga_input)


def stuck_on_an_undo_in_doubt(engine: World) -> Saga:
    """two was refused; nobody knows about the undo of two."""
    engine.will("two", no())
    engine.will("two", NOTHING, direction="compensation")
    return _quiet(define("one", {"name": "two", "compensation_retry": ONCE}))


def stuck_past_the_pivot(engine: World) -> Saga:
    """The pivot one succeeded, two was refused: nothing is in doubt."""
    engine.will("two", no())
    return _quiet(define({"name": "one", "pivot": True}, "two", "three"))


def waiting_for_approval(engine: World, **approval: Any) -> Saga:
    """one succeeded, ok waits for a decision, two is still to come."""
    return _quiet(define("one", {"name": "ok", "approval": approval}, "two"))


def _quiet(name: str, **saga_input: Any) -> Saga:
    saga = start(name, **saga_input)
    run_until_quiet()
    saga.refresh_from_db()
    return saga
