"""A saga with a sub-saga as one of its steps."""

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


def stuck_inside(engine: World) -> tuple[Saga, Saga]:
    """A parent that waits for its sub-saga, which is stuck on its second step, not in doubt."""
    engine.will("in-two", NOTHING)
    parent = began(inner=("in-one", {"name": "in-two", "on_exhausted": "hold", "retry": ONCE}))
    child = child_of(parent)
    act("resolve", child, details={"outcome": "not_applied"})
    return parent, child
