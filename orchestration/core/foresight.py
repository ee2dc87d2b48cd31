"""What will be called if all goes well from here: the preview of an operator's act."""

from datetime import datetime, timedelta

from orchestration.core.decisions import begin, decide
from orchestration.core.events import DeadlinePassed, Succeeded
from orchestration.core.saga_state import SagaState
from orchestration.core.states import Direction

FAR = timedelta(days=365)


def foreseen_calls(saga: SagaState, now: datetime) -> list[tuple[int, Direction]]:
    """The calls to come, in order: (step index, direction). Calls that are out now are waited for, not listed.

    A paused saga makes none until it is resumed. Past its deadline a saga only goes back.
    """
    if now >= saga.deadline_at:
        saga = decide(saga, DeadlinePassed(), now).after
    later = now + FAR
    calls: list[tuple[int, Direction]] = []
    for _turn in range(4 * len(saga.steps) + 4):
        for step in saga.calls_out():
            saga = decide(saga, Succeeded(step.definition.index), later).after
        started = begin(saga, later)
        fresh = started.after.calls_out()
        if not fresh:
            break
        calls += [(step.definition.index, step.direction) for step in fresh]
        saga = started.after
    return calls
