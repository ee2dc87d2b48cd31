"""Every act on a saga: the right it needs, what it takes, and the event it makes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from orchestration.audit import Actor
from orchestration.core import events
from orchestration.core.definitions import SagaDefinition, StepDefinition
from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import StepKind, StepStatus
from orchestration.operator_actions import details
from orchestration.operator_actions.details import Detail
from orchestration.operator_actions.refusals import WrongAct


class Asked(NamedTuple):
    """One person's request, checked as far as that is possible without the saga. `step`: its index, or None.

    `plan`: of restart-from, the steps of the version that the new saga is to run.
    """

    act: "Act"
    saga_id: UUID
    actor: Actor
    reason: str
    details: Mapping[str, Any]
    step: int | None = None
    revision: int | None = None
    plan: tuple[StepDefinition, ...] = ()

    def event(self, now: datetime) -> events.Event:
        return self.act.event(self, now)


@dataclass(frozen=True, slots=True)
class Act:
    """One verb. `takes_step`: it may name a step. In a preview the event is made without what is missing."""

    name: str
    permission: str
    event: Callable[[Asked, datetime], events.Event]
    takes_step: bool = False
    details: tuple[Detail, ...] = ()


def _resolve(asked: Asked, _now: datetime) -> events.Event:
    applied = asked.details.get("outcome") != "not_applied"
    return events.Resolve(asked.step, applied=applied, output=asked.details.get("output"))


def _edit_and_retry(asked: Asked, _now: datetime) -> events.Event:
    return events.EditAndRetry(asked.step, input=asked.details.get("input", {}))


def _approve(asked: Asked, now: datetime) -> events.Event:
    """Who decided, and why, is what later steps may read of it."""
    outcome = asked.details.get("outcome", "approved")
    output = {"outcome": outcome, "by": asked.actor.name, "reason": asked.reason, "at": now.isoformat()}
    return events.Approve(asked.step, approved=outcome == "approved", output=output)


ACTS = {
    act.name: act
    for act in (
        Act("retry", "retry_saga", lambda asked, _now: events.Retry(asked.step), takes_step=True),
        Act("compensate", "compensate_saga", lambda _asked, _now: events.Compensate()),
        Act("skip", "skip_saga", lambda asked, _now: events.Skip(asked.step), takes_step=True),
        Act("resolve", "resolve_saga", _resolve, takes_step=True, details=details.RESOLVE),
        Act("pause", "pause_saga", lambda _asked, _now: events.Pause()),
        Act("resume", "resume_saga", lambda _asked, _now: events.Resume()),
        Act("edit-and-retry", "edit_and_retry_saga", _edit_and_retry, takes_step=True, details=details.EDIT_AND_RETRY),
        Act("abandon", "abandon_saga", lambda _asked, _now: events.Abandon(), details=details.ABANDON),
        Act(
            "restart-from",
            "restart_from_saga",
            lambda asked, _now: events.RestartFrom(asked.step, asked.plan),
            takes_step=True,
            details=details.RESTART_FROM,
        ),
        Act("approve", "approve_saga", _approve, takes_step=True, details=details.APPROVE),
    )
}


def act_named(name: str) -> Act:
    """Raises WrongAct."""
    if name not in ACTS:
        raise WrongAct("act", "must be one of " + ", ".join(ACTS))
    return ACTS[name]


def step_index(act: Act, definition: SagaDefinition, name: str | None) -> int | None:
    """Raises WrongAct for a step that the saga does not have, or that the act does not take."""
    if name is None:
        return None
    if not act.takes_step:
        raise WrongAct("step", f"{act.name} is about the whole saga and takes no step")
    for step in definition.steps:
        if step.name == name:
            return step.index
    raise WrongAct("step", f"this saga has no step {name!r}")


def rights(asked: Asked, saga: SagaState) -> set[str]:
    """Any of these permissions will do: the act's, but for an approval the one that its step names."""
    if asked.act.name != "approve":
        return {asked.act.permission}
    return {step.definition.permission for step in approvals_meant(asked, saga)} or {asked.act.permission}


def may(asked: Asked, saga: SagaState) -> bool:
    """Whether the actor has the right to the act on this saga."""
    return any(asked.actor.may(right, verb=asked.act.name) for right in rights(asked, saga))


def must(asked: Asked, saga: SagaState) -> None:
    """Raises PermissionDenied."""
    if not may(asked, saga):
        asked.actor.must(min(rights(asked, saga)), verb=asked.act.name)


def approvals_meant(asked: Asked, saga: SagaState) -> list[StepState]:
    """The approval step that is named; without a name, those that wait for a decision."""
    approvals = [step for step in saga.steps if step.definition.kind is StepKind.APPROVAL]
    if asked.step is None:
        return [step for step in approvals if step.status is StepStatus.WAITING]
    return [step for step in approvals if step.definition.index == asked.step]
