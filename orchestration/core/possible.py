"""Which acts fit a saga, and why the others do not: asked of the same rules that carry them out."""

from datetime import datetime
from typing import NamedTuple

from orchestration.core import events
from orchestration.core.decisions import decide
from orchestration.core.draft import NotAllowed, WhichStep
from orchestration.core.events import Event
from orchestration.core.saga_state import SagaState
from orchestration.core.states import SagaStatus

ACTS: dict[str, Event] = {
    "retry": events.Retry(),
    "edit-and-retry": events.EditAndRetry(input={}),
    "compensate": events.Compensate(),
    "skip": events.Skip(),
    "resolve": events.Resolve(),
    "approve": events.Approve(),
    "pause": events.Pause(),
    "resume": events.Resume(),
    "abandon": events.Abandon(),
    "restart-from": events.RestartFrom(),
}


class Fit(NamedTuple):
    """Whether an act fits: `why_not` is empty then. `steps`: of these, by index, one must be named."""

    why_not: str = ""
    steps: tuple[int, ...] = ()


def possible(saga: SagaState, now: datetime) -> dict[str, Fit]:
    """What each act would do to `saga`, by the act's name. An act that would change nothing does not fit."""
    return {name: _fit(saga, name, event, now) for name, event in ACTS.items()}


def _fit(saga: SagaState, name: str, event: Event, now: datetime) -> Fit:
    try:
        decide(saga, event, now)
    except WhichStep as error:
        return Fit(steps=error.steps)
    except NotAllowed as error:
        return Fit(str(error))
    return Fit(_idle(saga, name))


def _idle(saga: SagaState, name: str) -> str:
    if name == "compensate" and saga.status is SagaStatus.COMPENSATING:
        return "already compensating"
    if name == "pause" and saga.paused:
        return "already paused"
    return "not paused" if name == "resume" and not saga.paused else ""
