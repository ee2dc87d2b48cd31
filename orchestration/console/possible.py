"""Which acts fit a saga now, and why the others do not: asked of the same rules that carry them out."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from orchestration import queries
from orchestration.console import reasons
from orchestration.core.decisions import decide
from orchestration.core.draft import NotAllowed
from orchestration.core.possible import ACTS as EVENTS
from orchestration.core.saga_state import SagaState
from orchestration.core.states import ENDED, SagaStatus
from orchestration.models import Saga, Step
from orchestration.operator_actions import ACTS


@dataclass(frozen=True, slots=True)
class ActButton:
    """One act on one saga; `why_not` is empty when it can be done."""

    name: str
    saga_id: UUID
    why_not: str
    is_main: bool


def act_buttons(saga: Saga, steps: list[Step], user: Any) -> list[ActButton]:
    """The acts that this saga's page offers; none once it has ended."""
    if saga.status in ENDED:
        return []
    names = ["retry", "compensate", "skip", "resume" if saga.paused else "pause"]
    state = queries.state_of(saga, steps)
    reasons_against = {name: _why_not(name, state, user) for name in names}
    main = next((name for name in names if not reasons_against[name]), "")
    wanted = main if saga.status == SagaStatus.STUCK or saga.paused else ""
    return [ActButton(name, saga.pk, why, name == wanted) for name, why in reasons_against.items()]


def _why_not(name: str, state: SagaState, user: Any) -> str:
    act = ACTS[name]
    if not user.has_perm(f"orchestration.{act.permission}"):
        return _("Your role does not allow this act.")
    if name == "compensate" and state.status is SagaStatus.COMPENSATING:
        return _("The saga is being undone already.")
    try:
        decide(state, EVENTS[name], timezone.now())
    except NotAllowed as error:
        return reasons.why_not(str(error))
    return ""
