"""Which acts fit a saga now, and why the others do not: asked of the same rules that carry them out."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from orchestration import queries
from orchestration.console import reasons
from orchestration.core import possible
from orchestration.core.decisions import decide
from orchestration.core.draft import NotAllowed
from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import ENDED, SagaStatus, StepKind, StepStatus
from orchestration.models import Saga, Step
from orchestration.operator_actions import ACTS

# What an operator will look for first stands first. Those at the end are rare and stay in the menu.
ORDER = (
    "approve", "resume", "resolve", "retry", "compensate", "skip", "pause", "edit-and-retry", "restart-from", "abandon",
)  # fmt: skip
IN_MENU = ("edit-and-retry", "restart-from", "abandon")
IN_FRONT = 4


@dataclass(frozen=True, slots=True)
class ActButton:
    """One act on one saga; `why_not` is empty when it can be done. `in_front`: not in the menu of the others."""

    name: str
    saga_id: UUID
    why_not: str
    is_main: bool = False
    in_front: bool = False


def act_buttons(saga: Saga, steps: list[Step], user: Any) -> list[ActButton]:
    """The acts that this saga's page offers, those that fit first; none once it has ended."""
    if saga.status in ENDED:
        return []
    state = queries.state_of(saga, steps)
    fits = possible.possible(state, timezone.now())
    found = [ActButton(name, saga.pk, _why_not(name, fits[name].why_not, state, user)) for name in _named(state)]
    front = [one.name for one in found if not one.why_not and one.name not in IN_MENU][:IN_FRONT]
    waits = saga.status == SagaStatus.STUCK or saga.paused or front[:1] == ["approve"]
    main = front[0] if front and waits else ""
    placed = [replace(one, is_main=one.name == main, in_front=one.name in front) for one in found]
    return sorted(placed, key=lambda one: bool(one.why_not))


def fitting_steps(name: str, state: SagaState) -> list[int]:
    """The steps that the act could be about, by index; empty for an act on the whole saga."""
    if not ACTS[name].takes_step:
        return []
    return [index for index in range(len(state.steps)) if _fits(name, state, index)]


def waiting_approvals(state: SagaState) -> list[StepState]:
    """The steps on which a person has to decide now."""
    return [
        step for step in state.steps if step.definition.kind is StepKind.APPROVAL and step.status is StepStatus.WAITING
    ]


def _named(state: SagaState) -> list[str]:
    """Only what can ever be asked of such a saga."""
    never = {"pause" if state.paused else "resume"}
    if not any(step.definition.kind is StepKind.APPROVAL for step in state.steps):
        never.add("approve")
    return [name for name in ORDER if name not in never]


def _why_not(name: str, against: str, state: SagaState, user: Any) -> str:
    rights = {ACTS[name].permission}
    if name == "approve":
        rights = {step.definition.permission for step in waiting_approvals(state)} or rights
    if not any(user.has_perm(f"orchestration.{right}") for right in rights):
        return _("Your role does not allow this act.")
    return reasons.why_not(against) if against else ""


def _fits(name: str, state: SagaState, index: int) -> bool:
    event = replace(possible.ACTS[name], step=index)  # type: ignore[call-arg]  # events of acts that take a step
    try:
        decide(state, event, timezone.now())
    except NotAllowed:
        return False
    return True
