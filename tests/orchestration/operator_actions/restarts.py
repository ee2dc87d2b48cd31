"""Sagas that are stuck at a step, to be restarted from there."""

from typing import Any

from orchestration.core.states import SagaStatus
from orchestration.models import Saga
from tests.orchestration.operator_actions.stories import ONCE
from tests.orchestration.scripted import (
    NOTHING,
    World,
    act,
    define,
    run_until_quiet,
    start,
)

HELD = {"name": "two", "on_exhausted": "hold", "retry": ONCE}


def held(engine: World, *later: Any, first: Any = "one", **saga_input: Any) -> Saga:
    """one succeeded, nobody knew about two until somebody found out that it did not happen."""
    engine.will("two", NOTHING)
    saga = start(define(first, HELD, *later), **saga_input)
    run_until_quiet()
    return act("resolve", saga, details={"outcome": "not_applied"})


def restart(saga: Saga, **more: Any) -> Saga:
    old = act("restart-from", saga, **more)
    assert (old.status, old.due_at, old.drain_id) == (SagaStatus.ABANDONED, None, None)
    assert old.restarted_as_id is not None
    return Saga.objects.get(pk=old.restarted_as_id)


def undos(engine: World) -> list[tuple[str, str]]:
    """(step, the key's saga) of the undos that were called, in order; body and key must agree."""
    sent = [one for one in engine.commands if one.direction == "compensation"]
    assert all(one.key.startswith(str(one.saga_id)) and one.body()["saga_id"] == str(one.saga_id) for one in sent)
    return [(one.step, str(one.saga_id)) for one in sent]
