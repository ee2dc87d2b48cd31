"""What an act would do now: the same rules, and nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from orchestration import parents
from orchestration.audit import Actor
from orchestration.core import data, mapping
from orchestration.core.decisions import decide
from orchestration.core.draft import NotAllowed
from orchestration.core.events import RestartFrom
from orchestration.core.foresight import foreseen_calls
from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import Direction, StepStatus
from orchestration.operator_actions import acts, restarting
from orchestration.operator_actions.acts import Asked
from orchestration.operator_actions.details import NO_DETAILS, checked
from orchestration.operator_actions.performing import asked_for, definition_of
from orchestration.store import outside

S = StepStatus
_BRAKES = ("pause", "abandon")
_MAY_STILL_ANSWER = (S.PENDING, S.DUE, S.RUNNING, S.WAITING)


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call that the act leads to if all goes well. `payload` is None while it depends on answers to come."""

    step: str
    direction: str
    participant: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Preview:
    """What an act would do now, to the saga at `revision`. `why_not` is empty when it is allowed."""

    allowed: bool
    why_not: str
    calls: list[PlannedCall]
    revision: int


def preview(
    act: str, *, saga_id: UUID, actor: Actor, step: str | None = None, details: Mapping[str, Any] = NO_DETAILS
) -> Preview:
    """What `act` would do now. Raises WrongAct and Saga.DoesNotExist; a lacking right is a `why_not`.

    Details may be left out. Then it is: applied, approved, the input that would be sent without an edit. On a paused
    saga the calls are those that go out once it is resumed.
    """
    wanted = acts.act_named(act)
    said = checked(wanted.details, details, saga_id, in_full=False)
    definition = definition_of(saga_id)
    asked, target = asked_for(wanted, definition, Asked(wanted, saga_id, actor, "", said), step)
    saga, now = outside.load(saga_id, definition, lock=False)
    try:
        event = asked.event(now)
        after = decide(saga.state, event, now).after
        parents.doubted_in_vain(saga.state, after, saga_id, act)
        if target is not None and isinstance(event, RestartFrom):
            after = restarting.planned(saga_id, saga.state, target, event, now).decision().after
    except NotAllowed as error:
        return Preview(allowed=False, why_not=str(error), calls=[], revision=saga.revision)
    if act == "edit-and-retry" and "input" not in said:
        after = _unedited(after, saga.state)
    if act not in _BRAKES:
        after = after._replace(paused=False)  # what waits for the resume belongs to what is foreseen
    calls = [_planned(after, index, direction) for index, direction in foreseen_calls(after, now)]
    why_not = "" if acts.may(asked, saga.state) else f"you lack the right to {act}"
    return Preview(allowed=not why_not, why_not=why_not, calls=calls, revision=saga.revision)


def _unedited(after: SagaState, before: SagaState) -> SagaState:
    pairs = zip(after.steps, before.steps, strict=True)
    return after._replace(steps=tuple(new._replace(edited_input=old.edited_input) for new, old in pairs))


def _planned(saga: SagaState, index: int, direction: Direction) -> PlannedCall:
    step = saga.steps[index]
    return PlannedCall(step.definition.name, direction.value, _called(step), _payload(saga, step))


def _called(step: StepState) -> str:
    """Who is called: a participant, or the definition of a sub-saga."""
    return step.definition.participant or f"saga:{step.definition.saga}"


def _payload(saga: SagaState, step: StepState) -> Any:
    expression = step.definition.payload
    reads_outputs = step.edited_input is None and (expression is None or "outputs" in expression)
    if reads_outputs and any(_may_still_answer(earlier, step) for earlier in saga.steps):
        return None
    try:
        return data.payload(saga, step)
    except mapping.MappingError as error:
        return {"error": str(error)}


def _may_still_answer(earlier: StepState, step: StepState) -> bool:
    return earlier.definition.stage < step.definition.stage and earlier.status in _MAY_STILL_ANSWER
