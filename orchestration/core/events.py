"""What can happen to a saga: what a call brought back, what a worker or a clock says, what an operator asks."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from orchestration.core.definitions import StepDefinition
from orchestration.core.states import Direction


@dataclass(frozen=True, slots=True)
class Event:
    """`step` is the index of the step. `luck` in [0, 1) draws the wait from the backoff (full jitter)."""


@dataclass(frozen=True, slots=True)
class CallEvent(Event):
    step: int


@dataclass(frozen=True, slots=True)
class RetriableEvent(CallEvent):
    """`uses_try`: False for a call that was made on behalf of all who wait for the participant."""

    luck: float = 1.0
    retry_after: timedelta | None = None
    uses_try: bool = True


@dataclass(frozen=True, slots=True)
class Succeeded(CallEvent):
    """Done, once, by the participant's word. `output`: what the action answered."""

    output: Any = None


@dataclass(frozen=True, slots=True)
class Accepted(RetriableEvent):
    """202: the answer comes later, by callback or (`askable`) when the participant is asked."""

    askable: bool = True


@dataclass(frozen=True, slots=True)
class Refused(CallEvent):
    """A clear no. `for_ever`: 410 on a compensation. `sent`: False for a refusal that never left the worker."""

    for_ever: bool = False
    sent: bool = True


@dataclass(frozen=True, slots=True)
class InDoubt(RetriableEvent):
    """Sent, and nobody knows what came of it."""


@dataclass(frozen=True, slots=True)
class TryLater(RetriableEvent):
    """Sent, and answered "not now"."""


@dataclass(frozen=True, slots=True)
class NotSent(RetriableEvent):
    """The call never left the worker."""


@dataclass(frozen=True, slots=True)
class InProgress(RetriableEvent):
    """The status endpoint says that an earlier try is still being worked on."""


@dataclass(frozen=True, slots=True)
class Undone(CallEvent):
    """The status endpoint says that the action was compensated already."""


@dataclass(frozen=True, slots=True)
class GivenUp(CallEvent):
    """A person has abandoned the sub-saga that the step is, and something of it stands; `reason` says what."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class StaleEpoch(CallEvent):
    """The participant has seen a higher epoch for this key."""


@dataclass(frozen=True, slots=True)
class Lost(CallEvent):
    """The worker died with the call out (`blamed`), or gave it up when it was told to stop."""

    blamed: bool = True


@dataclass(frozen=True, slots=True)
class CalledBack(Event):
    """The participant, or a sub-saga's end, says how the step ended. Where nobody waits for that, nothing moves."""

    step: int
    direction: Direction
    answer: Succeeded | Refused | Undone | GivenUp


@dataclass(frozen=True, slots=True)
class CannotGoOn(Event):
    """The engine itself cannot go on with this saga; `reason` is for the operator."""

    reason: str


@dataclass(frozen=True, slots=True)
class DeadlinePassed(Event):
    """The saga's time is over."""


@dataclass(frozen=True, slots=True)
class Retry(Event):
    """An operator's act: a fresh budget, now. `step` None: the only one that fits."""

    step: int | None = None


@dataclass(frozen=True, slots=True)
class Compensate(Event):
    """An operator's act: settle what is out, then undo everything, newest first."""


@dataclass(frozen=True, slots=True)
class Skip(Event):
    """An operator's act: leave this step as it is and go on, forward or back."""

    step: int | None = None


@dataclass(frozen=True, slots=True)
class Pause(Event):
    """An operator's act: no new call until `Resume`."""


@dataclass(frozen=True, slots=True)
class Resume(Event):
    """An operator's act: calls may go out again."""


@dataclass(frozen=True, slots=True)
class EditAndRetry(Event):
    """An operator's act: as `Retry`, and from now on the step's calls carry `input` (never None)."""

    step: int | None = None
    input: Any = None


@dataclass(frozen=True, slots=True)
class Resolve(Event):
    """An operator's act: what became of a step in doubt. `applied`: it took effect, with `output`."""

    step: int | None = None
    applied: bool = True
    output: Any = None


@dataclass(frozen=True, slots=True)
class Abandon(Event):
    """An operator's act: end it as it stands, without another call."""


@dataclass(frozen=True, slots=True)
class Approve(Event):
    """A person's decision on an approval step. `approved` False: refused. `output`: what later steps may read."""

    step: int | None = None
    approved: bool = True
    output: Any = None


@dataclass(frozen=True, slots=True)
class RestartFrom(Event):
    """An operator's act: another saga takes over and begins at `step` of `plan` (empty: this saga's own steps).

    `step` None: the only one that fits. To this saga it is the end.
    """

    step: int | None = None
    plan: tuple[StepDefinition, ...] = ()


@dataclass(frozen=True, slots=True)
class ParentGoesBack(Event):
    """The saga is a step of another one, which undoes it: as one unit, also when it has completed."""
