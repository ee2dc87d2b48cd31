"""What is sent to a participant and what comes back, whatever the transport."""

from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from orchestration.core import events
from orchestration.core.quick_enum import quick


@quick
class Outcome(StrEnum):
    """How one try ended; the words that attempts are stored with."""

    SUCCEEDED = "succeeded"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    IN_DOUBT = "in_doubt"
    NOT_SENT = "not_sent"
    TRY_LATER = "try_later"
    IN_PROGRESS = "in_progress"
    STALE_EPOCH = "stale_epoch"
    UNDONE = "undone"
    GIVEN_UP = "given_up"  # of a sub-saga that a person has abandoned
    ABSENT = "absent"  # an answer of the status endpoint; a try never ends so


class Command(NamedTuple):
    """One call of one direction of a step, the one at `position`. `target`: path, or function. `timeout`: seconds.

    `waits_id`: the saga that waits for the answer, where it is not `saga_id`: after a restart a kept step is undone in
    the name of the saga that did it.
    """

    saga_id: UUID
    saga: str
    business_key: str
    step: str
    direction: str
    target: str
    participant: str
    attempt: int
    epoch: int
    timeout: float
    input: Any
    output: Any
    ask_first: bool
    position: int = 0
    waits_id: UUID | None = None

    @property
    def waiting_saga(self) -> UUID:
        return self.waits_id or self.saga_id

    @property
    def key(self) -> str:
        """The same for every try, so that the participant's barrier can tell a repetition."""
        return f"{self.saga_id}:{self.step}:{self.direction}"

    def body(self) -> dict[str, Any]:
        """The request's JSON, as the participant protocol has it."""
        return {
            "saga_id": str(self.saga_id), "saga": self.saga, "business_key": self.business_key, "step": self.step,
            "direction": self.direction, "attempt": self.attempt, "input": self.input, "output": self.output,
        }  # fmt: skip


class Answer(NamedTuple):
    """What came back. `error`: {"message", "code"?, "status"?}. `for_ever`: 410, it can never be undone.

    `sent` is about refusals only: False when the call's payload could not even be made. `askable` is about what was
    accepted: the participant can be asked how it goes. `probe`: the call was made to see whether the participant is
    back.
    """

    outcome: Outcome
    output: Any = None
    error: dict[str, Any] | None = None
    retry_after: timedelta | None = None
    for_ever: bool = False
    sent: bool = True
    fault: str = ""
    askable: bool = False
    probe: bool = False

    def event(self, step: int, luck: float) -> events.CallEvent:
        """The event that the saga's rules understand."""
        if self.outcome is Outcome.ACCEPTED:
            return events.Accepted(step, luck, self.retry_after, askable=self.askable)
        retriable = _RETRIABLE.get(self.outcome)
        if retriable is not None:
            return retriable(step, luck, self.retry_after, not self.probe)
        match self.outcome:
            case Outcome.SUCCEEDED:
                return events.Succeeded(step, self.output)
            case Outcome.REFUSED:
                return events.Refused(step, for_ever=self.for_ever, sent=self.sent)
            case Outcome.GIVEN_UP:
                return events.GivenUp(step, str(self.error["message"]) if self.error else "")
        plain: dict[Outcome, type[events.CallEvent]] = {
            Outcome.STALE_EPOCH: events.StaleEpoch,
            Outcome.UNDONE: events.Undone,
        }
        if self.outcome in plain:
            return plain[self.outcome](step)
        raise ValueError(f"no try ends {self.outcome}")


_RETRIABLE: dict[Outcome, type[events.RetriableEvent]] = {
    Outcome.IN_DOUBT: events.InDoubt,
    Outcome.NOT_SENT: events.NotSent,
    Outcome.TRY_LATER: events.TryLater,
    Outcome.IN_PROGRESS: events.InProgress,
}


class Transport(Protocol):
    """One way of calling participants. Neither method raises for anything that a participant does."""

    async def send(self, command: Command) -> Answer:
        """Make the call once."""
        ...

    async def ask(self, command: Command) -> Answer | None:
        """Ask the status endpoint about the command's key; None: there is none, or no usable answer."""
        ...


def problem(message: str, code: str, **more: Any) -> dict[str, Any]:
    """The `error` of an answer."""
    return {"message": message, "code": code, **more}
