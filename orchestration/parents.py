"""Answers that come of their own accord: a participant's callback, a sub-saga's end. Both are outside writes.

A sub-saga is to its parent what a participant is to a saga: its row is the truth, its end is told once it is committed,
and whoever was not told asks later.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from orchestration import advance, dispatch
from orchestration.callback_tokens import Callback
from orchestration.core import effects
from orchestration.core.draft import NotAllowed
from orchestration.core.events import CalledBack, GivenUp, Refused, Succeeded, Undone
from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import OUT, Direction, SagaStatus, StepKind
from orchestration.definitions import compiled_definition
from orchestration.models import Saga, Step
from orchestration.participants.call import output_text
from orchestration.participants.messages import Answer, Outcome, problem
from orchestration.store import outside
from orchestration.store.rows import AttemptRow, SagaChange, StoredSaga

SUB_SAGA_ENDED = "sub_saga_ended"
MAX_OUTPUT_BYTES = 1024 * 1024


def deliver(called: Callback, answer: Answer, kind: str) -> bool:
    """Take the answer at once, whoever owns the saga now; False: nobody waits for it, and nothing has changed.

    In a transaction.
    """
    definition_id = outside.definition_of(called.saga_id)
    if definition_id is None:
        return False
    saga, now = outside.load(called.saga_id, compiled_definition(definition_id), lock=True)
    change = advance.outside(saga, _event(called, answer), _happened(saga, called, answer, kind, now), now)
    if change.state == saga.state:
        return False
    if not outside.record(saga, change):
        raise RuntimeError(f"saga {saga.id} was written by somebody else while its row was locked")
    dispatch.acted(saga.id, change.revision)
    ended(saga, change)
    return True


def ended(saga: StoredSaga, change: SagaChange) -> None:
    """After the commit: if that was the end of a sub-saga, its parent is told. To be called where drains do not."""
    if saga.parent_id is not None and change.finished_at is not None:
        transaction.on_commit(lambda: tell(saga.id), robust=True)


def tell(saga_id: UUID) -> None:
    """The saga has ended: let the step of its parent that it is know, unless another saga is that step by now."""
    child = Saga.objects.get(pk=saga_id)
    if child.parent_id is None or child.parent_position is None:
        return
    with transaction.atomic():
        Saga.objects.select_for_update(no_key=True).filter(pk=child.parent_id).first()
        step = Step.objects.filter(
            saga_id=child.parent_id, position=child.parent_position, child_saga_id=saga_id
        ).first()
        if step is None:
            return
        direction = Direction.COMPENSATION if step.status.startswith("compensat") else Direction.ACTION
        if answer := end_of(saga_id, direction):
            deliver(Callback(child.parent_id, step.position, direction), answer, SUB_SAGA_ENDED)


def end_of(saga_id: UUID, direction: str) -> Answer | None:
    """What the end of a sub-saga means to the step that it is, in that direction. None: it has not ended so."""
    definition_id = outside.definition_of(saga_id)
    if definition_id is None or Saga.objects.filter(pk=saga_id, restarted_as_id__isnull=False).exists():
        return None
    plan = compiled_definition(definition_id)
    saga, _now = outside.load(saga_id, plan, lock=False)
    undoing, state = direction == Direction.COMPENSATION, saga.state
    about: dict[str, Any] = {"saga_id": str(saga_id)}
    if state.status is SagaStatus.COMPLETED and not undoing:
        return Answer(Outcome.SUCCEEDED, _output(state))
    if state.status is SagaStatus.ABANDONED and (standing := effects.open_effects(state)):
        text = f"its sub-saga was abandoned, and these effects stand there: {', '.join(standing)}"
        return Answer(Outcome.GIVEN_UP, error=problem(text, "sub_saga_abandoned", **about))
    if state.status not in (SagaStatus.COMPENSATED, SagaStatus.ABANDONED):
        return None
    if undoing:
        return Answer(Outcome.SUCCEEDED)
    text = f"its sub-saga ended {state.status}, and nothing of it is left"
    return Answer(Outcome.UNDONE, error=problem(text, "sub_saga_failed", **about))


def doubted_in_vain(before: SagaState, after: SagaState, saga_id: UUID, act: str) -> None:
    """What became of a sub-saga is no question to a person, unless one has abandoned it. Raises NotAllowed."""
    if act != "resolve":
        return
    for old, new in zip(before.steps, after.steps, strict=True):
        if old.definition.kind is StepKind.SAGA and old != new:
            child = Saga.objects.filter(
                pk__in=Step.objects.filter(saga_id=saga_id, position=old.definition.index).values("child_saga_id")
            ).first()
            if child is not None and child.status != SagaStatus.ABANDONED:
                raise NotAllowed(f"{old.definition.name}: its sub-saga is {child.status}; a retry takes that up")


def _output(state: SagaState) -> Any:
    """What the sub-saga's steps answered, by name. More than an answer may hold is not passed on."""
    outputs = dict(state.outputs)
    if len(json.dumps(outputs)) > MAX_OUTPUT_BYTES:
        return {"too_large": True}
    return outputs


def _event(called: Callback, answer: Answer) -> CalledBack:
    position = called.position
    made: dict[Outcome, Callable[[], Succeeded | Refused | Undone | GivenUp]] = {
        Outcome.SUCCEEDED: lambda: Succeeded(position, answer.output),
        Outcome.UNDONE: lambda: Undone(position),
        Outcome.GIVEN_UP: lambda: GivenUp(position, reason=message_of(answer)),
    }
    return CalledBack(position, called.direction, made.get(answer.outcome, lambda: Refused(position))())


def message_of(answer: Answer) -> str:
    return str(answer.error["message"]) if answer.error else ""


def _happened(saga: StoredSaga, called: Callback, answer: Answer, kind: str, now: datetime) -> advance.Happened:
    """A try that is out ends with the callback; one that was accepted has ended, and the step keeps the answer."""
    step = saga.state.steps[called.position]
    actor = step.definition.participant
    if step.status in OUT and step.direction is called.direction:
        return advance.Happened(kind, (_attempt(saga, step, answer, now),), actor)
    if answer.error is None:
        return advance.Happened(kind, actor=actor)
    errors = {called.position: json.dumps(answer.error)} if called.direction is Direction.ACTION else {}
    return advance.Happened(kind, actor=actor, reason=message_of(answer), errors=errors)


def _attempt(saga: StoredSaga, step: StepState, answer: Answer, now: datetime) -> AttemptRow:
    answer, text = output_text(answer)
    return AttemptRow(
        position=step.definition.index, direction=step.direction.value, number=step.attempt, epoch=saga.epoch,
        started_at=step.attempt_started_at or now, finished_at=now, outcome=answer.outcome.value, answer=text,
        error=None if answer.error is None else json.dumps(answer.error),
    )  # fmt: skip
