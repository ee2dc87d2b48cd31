"""The participant under test, one made-up saga at a time, over any transport."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from orchestration.core.states import Direction
from orchestration.participants.messages import Answer, Command, Outcome, Transport

STEP = "conformance-check"
PAUSE_SECONDS = 0.2
_LATER = (Outcome.ACCEPTED, Outcome.TRY_LATER, Outcome.IN_PROGRESS)
_PROMISED = (Outcome.ACCEPTED, Outcome.IN_PROGRESS)
Ledger = Callable[[UUID], Awaitable[list[dict[str, Any]]]]


class Asked(NamedTuple):
    """What is to be tried. `refused_input`: an input that the participant says no to. Durations are seconds."""

    participant: str
    action: str
    compensation: str
    input: Any
    refused_input: Any = None
    timeout: float = 5.0
    patience: float = 30.0


@dataclass(frozen=True)
class Subject:
    """`ledger` and `stranger` are None where there is none: the entries of a saga; a transport with a wrong secret."""

    asked: Asked
    transport: Transport
    has_status: bool
    ledger: Ledger | None = None
    stranger: Transport | None = None

    def new(self) -> "Story":
        return Story(self)


@dataclass
class Story:
    """One step of one saga that nobody else knows."""

    subject: Subject
    saga_id: UUID = field(default_factory=uuid4)
    output: Any = None

    async def do(self, *, epoch: int = 1, attempt: int = 1, instead: Any = None) -> Answer:
        """Call the action, and wait when it is to end later."""
        return await self._ended(self._command(Direction.ACTION, epoch, attempt, instead))

    async def undo(self, *, epoch: int = 1, attempt: int = 1) -> Answer:
        return await self._ended(self._command(Direction.COMPENSATION, epoch, attempt))

    async def once(self, *, direction: Direction = Direction.ACTION, epoch: int = 1) -> Answer:
        """Call once, and take what comes."""
        return await self.subject.transport.send(self._command(direction, epoch, 1))

    async def as_stranger(self) -> Answer | None:
        stranger = self.subject.stranger
        return await stranger.send(self._command(Direction.ACTION, 1, 1)) if stranger else None

    async def status(self, direction: Direction) -> Answer | None:
        return await self.subject.transport.ask(self._command(direction, 1, 1))

    async def entries(self, direction: Direction) -> int:
        """How many entries of that direction the ledger has for this saga."""
        found = await self.subject.ledger(self.saga_id) if self.subject.ledger else []
        return sum(entry.get("direction") == direction for entry in found)

    async def _ended(self, command: Command) -> Answer:
        """What the call came to: asked for or repeated, as the engine would, while it is still to come."""
        give_up_at = time.monotonic() + self.subject.asked.patience
        answer = await self.subject.transport.send(command)
        while answer.outcome in _LATER and time.monotonic() < give_up_at:
            await asyncio.sleep(PAUSE_SECONDS)
            command = command._replace(attempt=command.attempt + 1)
            told = await self.subject.transport.ask(command) if answer.outcome in _PROMISED else None
            if told is None or told.outcome is Outcome.ABSENT:
                told = await self.subject.transport.send(command)
            answer = told
        return answer

    def _command(self, direction: Direction, epoch: int, attempt: int, instead: Any = None) -> Command:
        asked, undoing = self.subject.asked, direction is Direction.COMPENSATION
        return Command(
            saga_id=self.saga_id, saga=STEP, business_key="", step=STEP, direction=direction.value,
            target=asked.compensation if undoing else asked.action, participant=asked.participant, attempt=attempt,
            epoch=epoch, timeout=asked.timeout, input=asked.input if instead is None else instead,
            output=self.output if undoing else None, ask_first=False,
        )  # fmt: skip


def done(answer: Answer | None) -> bool:
    return answer is not None and answer.outcome is Outcome.SUCCEEDED


def refused(answer: Answer | None) -> bool:
    return answer is not None and answer.outcome is Outcome.REFUSED


def is_outcome(answer: Answer | None, outcome: Outcome) -> bool:
    return answer is not None and answer.outcome is outcome


def shown(answer: Answer | None) -> str:
    """What was answered, in one line."""
    if answer is None:
        return "no usable answer"
    said = answer.error.get("message", "") if answer.error else ""
    if answer.outcome is Outcome.SUCCEEDED:
        said = json.dumps(answer.output, ensure_ascii=False)[:200]
    return f"answered {answer.outcome}" + (f": {said}" if said else "")
