"""A participant in this process that keeps books: a barrier and a ledger as the contract asks for, with mishaps."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock
from typing import Any
from uuid import UUID

from orchestration.participants.function import AnswerLater, Refusal, participant_function
from orchestration.participants.messages import Command


def twin_of(key: str) -> str:
    """The key of the other direction of the same step."""
    saga, step, direction = key.split(":")
    return f"{saga}:{step}:{'action' if direction == 'compensation' else 'compensation'}"


@dataclass
class Books:
    """`effects`: keys in the order of their effects. `accepted`: keys that were answered with 202 and are open.

    `mishaps[step, direction]`: what befalls the next calls; without an entry, `mishap_of(command)` is asked.
    """

    effects: list[str] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    mishaps: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    mishap_of: Callable[[Command], str] | None = None
    lock: Any = field(default_factory=RLock)  # drains in several threads call at the same time

    def clear(self) -> None:
        self.__init__()  # type: ignore[misc]  # as new

    def will(self, step: str, *mishaps: str, direction: str = "action") -> None:
        """Each of: `lost reply` (done, but no answer), `lost request` (nothing is done), `error` (done, then 500),
        `refuse`, `later` (202)."""
        self.mishaps[step, direction] = list(mishaps)

    def standing(self, saga_id: UUID | None = None) -> set[str]:
        """Steps whose action took effect and whose undo did not."""
        return self._steps("action", saga_id) - self._steps("compensation", saga_id)

    def undone(self, saga_id: UUID | None = None) -> set[str]:
        """Steps of which an effect was taken back."""
        return self._steps("compensation", saga_id)

    def decide(self, key: str, *, refuse: bool) -> dict[str, Any]:
        """How an accepted call ends, as the body of its callback; the first decision stands."""
        with self.lock:
            self.accepted.discard(key)
            if key not in self.answers and (refuse or self._is_late(key)):
                return {"state": "refused", "error": "decided against it"}
            return {"state": "done", "output": self._take_effect(key)}

    def settle(self, key: str) -> bool:
        """Whether a person finds its effect in the books; if not, what was accepted is not done any more."""
        with self.lock:
            self.accepted.discard(key)
            return key in self.answers

    async def serve(self, command: Command) -> Any:
        with self.lock:
            self.calls.append(f"{'-' if command.direction == 'compensation' else ''}{command.step}")
            mishap = self._mishap(command)
            answer = None if mishap == "lost request" else self._answer(command, mishap)
        if mishap in ("lost request", "lost reply"):
            await asyncio.Event().wait()
        if mishap == "error":
            raise RuntimeError("the participant fell over after its commit")
        return answer

    def _answer(self, command: Command, mishap: str) -> Any:
        """The participant's one transaction: what it checks and what it does."""
        if mishap == "refuse" and command.key not in self.answers:
            raise Refusal("it says no")
        if mishap == "later" and command.key not in self.answers:
            self.accepted.add(command.key)
            raise AnswerLater
        if self._is_late(command.key):
            raise Refusal("its compensation came first", "late_action")
        return self._take_effect(command.key)

    def _mishap(self, command: Command) -> str:
        waiting = self.mishaps.get((command.step, command.direction), [])
        if waiting:
            return waiting.pop(0)
        return self.mishap_of(command) if self.mishap_of else ""

    def _is_late(self, key: str) -> bool:
        return key.endswith(":action") and key not in self.answers and twin_of(key) in self.answers

    def _take_effect(self, key: str) -> Any:
        """A repeated key gets the first answer; an undo whose action never came is accepted and has no effect."""
        if key not in self.answers:
            if key.endswith(":action") or twin_of(key) in self.answers:
                self.effects.append(key)
            self.answers[key] = {"number": len(self.answers)}
            if key.endswith(":compensation"):
                self.accepted.discard(twin_of(key))  # an undo cancels what was accepted and is not done
        return self.answers[key]

    def _steps(self, direction: str, saga_id: UUID | None) -> set[str]:
        parts = [key.split(":") for key in self.effects]
        return {step for saga, step, way in parts if way == direction and saga_id in (None, UUID(saga))}


BOOKS = Books()


@participant_function("bookkeeper")
async def bookkeeper(command: Command) -> Any:
    return await BOOKS.serve(command)
