"""Restart-from: a stuck saga ends, and another takes over: it keeps what was done before a step, and begins there.

Every effect stays with exactly one saga: what took effect, or may have, is kept, or there is no restart.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from orchestration.core import events
from orchestration.core.definitions import StepDefinition
from orchestration.core.draft import Draft, NotAllowed, WhichStep
from orchestration.core.giving_up import abandon
from orchestration.core.routes import go_on
from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import ANSWERED, SagaStatus, StepStatus

S = StepStatus
_BEHIND = (S.SUCCEEDED, S.SKIPPED)
# What a step has done, and how its undo is called. Times and numbers of tries may be others in a newer version.
_THE_SAME = ("index", "stage", "name", "kind", "participant", "action", "saga", "compensation", "payload", "pivot")
_ANEW: dict[str, Any] = {
    "tries": 0, "losses": 0, "stale_answers": 0, "action_attempts": 0, "compensation_attempts": 0, "due_at": None,
    "attempt_started_at": None, "answer_by": None,
}  # fmt: skip


def restart_from(draft: Draft, event: events.RestartFrom) -> None:
    """What becomes of the saga that is taken over: it ends. Raises NotAllowed, WhichStep."""
    if draft.status is not SagaStatus.STUCK:
        raise NotAllowed("only a stuck saga can be restarted")
    beginning(draft.steps, event)
    abandon(draft)


def successor(
    saga: SagaState, event: events.RestartFrom, *, origin: Any, now: datetime, deadline_at: datetime
) -> Draft:
    """The saga that takes over, with its first steps due. `origin`: the id of `saga`. Raises NotAllowed, WhichStep."""
    plan = _plan(saga.steps, event)
    kept = _kept(saga.steps, plan, beginning(saga.steps, event))
    begun = SagaState(
        SagaStatus.PENDING, tuple(map(StepState, plan)), deadline_at, paused=saga.paused, input=saga.input,
        outputs={name: value for name, value in saga.outputs.items() if name in {plan[index].name for index in kept}},
    )  # fmt: skip
    draft = Draft(begun, now)
    for index in kept:
        old = saga.steps[index]
        # By way of `due`, like what is answered before its first try: here another saga has the answer.
        draft.move(index, S.DUE, old.status)
        origin_saga_id = old.origin_saga_id or origin
        draft.steps[index] = old._replace(definition=plan[index], origin_saga_id=origin_saga_id, **_ANEW)
    draft.turn(SagaStatus.RUNNING)
    go_on(draft)
    return draft


def beginning(steps: Sequence[StepState], event: events.RestartFrom) -> int:
    """The index, in the new plan, of the step to begin at. Raises NotAllowed, WhichStep."""
    plan = _plan(steps, event)
    if event.step is not None:
        if reason := _why_not(steps, plan, event.step):
            raise NotAllowed(reason)
        return event.step
    fitting = [index for index in range(len(plan)) if not _why_not(steps, plan, index)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise WhichStep([StepState(plan[index]) for index in fitting])
    ahead = [
        step.definition.index for step in steps if step.status not in _BEHIND and step.definition.index < len(plan)
    ]
    raise NotAllowed(_why_not(steps, plan, min(ahead, default=0)))


def _plan(steps: Sequence[StepState], event: events.RestartFrom) -> tuple[StepDefinition, ...]:
    return event.plan or tuple(step.definition for step in steps)


def _kept(steps: Sequence[StepState], plan: Sequence[StepDefinition], first: int) -> list[int]:
    """By index: all of the earlier stages, and what is done of the stage that is begun again."""
    stage = plan[first].stage
    earlier = [index for index, definition in enumerate(plan) if definition.stage < stage]
    beside = [
        index
        for index, (step, definition) in enumerate(zip(steps, plan, strict=False))
        if definition.stage == stage
        and index != first
        and step.status in _BEHIND
        and _is_same(step.definition, definition)
    ]
    return earlier + beside


def _why_not(steps: Sequence[StepState], plan: Sequence[StepDefinition], first: int) -> str:
    """Why the saga cannot be restarted from step `first` of `plan`; empty: it can."""
    if any(step.undoing or step.effect_stands for step in steps):
        return "the saga is on its way back, and a restart only goes forward"
    if first >= len(plan):
        return "that step is not one that this act fits"
    kept = _kept(steps, plan, first)
    for index in kept:
        if index >= len(steps) or not _is_same(steps[index].definition, plan[index]):
            return f"{plan[index].name}: what would be kept is not the same step in that version"
    return next(filter(None, (_against(step, kept=step.definition.index in kept) for step in steps)), "")


def _against(step: StepState, *, kept: bool) -> str:
    name = step.definition.name
    if step.in_doubt or step.unanswered:
        return f"{name} is in doubt: first find out whether it took effect"
    if kept and step.status not in _BEHIND:
        return f"{name} is not done: begin there, or before it"
    if not kept and _has_effect(step):
        return f"{name} has taken effect, and would take effect again: begin after it"
    return ""


def _is_same(old: StepDefinition, new: StepDefinition) -> bool:
    return all(getattr(old, name) == getattr(new, name) for name in _THE_SAME)


def _has_effect(step: StepState) -> bool:
    """A person's decision and a timer have none: they are asked for, or run, again."""
    return step.definition.kind in ANSWERED and (step.done or step.status is S.SUCCEEDED)
