"""What will be called if all goes well from here: the preview of an operator's act."""

from collections.abc import Iterator
from datetime import datetime

from orchestration.core import events
from orchestration.core.decisions import begin, decide
from orchestration.core.events import Event
from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import OUT, Direction, StepKind, StepStatus


def foreseen_calls(saga: SagaState, now: datetime) -> list[tuple[int, Direction]]:
    """The calls to come, in order: (step index, direction). Calls that are out now are waited for, not listed.

    Every call succeeds, every approval is given, what was accepted is answered by callback or when it is asked, timers
    run their time; a condition is asked with the outputs known by then. So a saga that will not be done before its
    deadline is seen to turn back. A paused saga makes no call until it is resumed.
    """
    if now >= saga.deadline_at:
        saga = decide(saga, events.DeadlinePassed(), now).after
    calls: list[tuple[int, Direction]] = []
    while not (saga.ended or saga.paused):
        answers = list(answers_to_come(saga, now))
        for event in answers:
            saga = decide(saga, event, now).after
        now = max(now, min((step.due_at for step in saga.steps if step.due_at is not None), default=now))
        started = begin(saga, now).after
        fresh = started.calls_out()
        if started == saga and not answers:
            break
        calls += [(step.definition.index, step.direction) for step in fresh]
        saga = started
    return calls


def answers_to_come(saga: SagaState, now: datetime) -> Iterator[Event]:
    """What participants, and people who still have the time, will say if all goes well."""
    for step in saga.steps:
        index = step.definition.index
        in_time = step.due_at is None or now < step.due_at
        if step.status in OUT:
            yield events.Succeeded(index)
        elif step.status is StepStatus.WAITING and step.definition.kind is StepKind.APPROVAL and in_time:
            yield events.Approve(index)
        elif in_time and _comes_by_callback(step):
            yield events.CalledBack(index, step.direction, events.Succeeded(index))


def _comes_by_callback(step: StepState) -> bool:
    """Accepted by a participant that cannot be asked (only the end of its time stands in `due_at`), or a sub-saga."""
    by_itself = step.definition.kind is StepKind.SAGA or step.due_at == step.answer_by
    return step.answer_by is not None and by_itself
