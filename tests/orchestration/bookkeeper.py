"""A participant in this process that keeps books: a barrier and a ledger as the contract asks for, with mishaps."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from orchestration.participants.function import Refusal, participant_function
from orchestration.participants.messages import Command

Mishap = Callable[[Command], Any]


@dataclass
class Books:
    """`effects`: keys in the order of their effects. `mishaps[step, direction]`: what befalls the next calls."""

    effects: list[str] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    mishaps: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def will(self, step: str, *mishaps: str, direction: str = "action") -> None:
        """Each of: `lost reply` (done, but no answer), `lost request` (nothing is done), `error` (done, then 500)."""
        self.mishaps[step, direction] = list(mishaps)

    def standing(self) -> set[str]:
        """Steps whose action took effect and whose undo did not."""
        done = {key.split(":")[1] for key in self.effects if key.endswith("action")}
        return done - {key.split(":")[1] for key in self.effects if key.endswith("compensation")}

    async def serve(self, command: Command) -> Any:
        self.calls.append(f"{'-' if command.direction == 'compensation' else ''}{command.step}")
        waiting = self.mishaps.get((command.step, command.direction), [])
        mishap = waiting.pop(0) if waiting else ""
        if mishap == "lost request":
            await asyncio.Event().wait()
        answer = self._once(command)
        if mishap == "lost reply":
            await asyncio.Event().wait()
        if mishap == "error":
            raise RuntimeError("the participant fell over after its commit")
        return answer

    def _once(self, command: Command) -> Any:
        """The barrier: a repeated key gets the first answer, a late action is refused, an empty undo is accepted."""
        if command.key in self.answers:
            return self.answers[command.key]
        twin = f"{command.saga_id}:{command.step}:{'action' if command.direction == 'compensation' else 'compensation'}"
        if command.direction == "action" and twin in self.answers:
            raise Refusal("its compensation came first", "late_action")
        if command.direction == "action" or twin in self.answers:
            self.effects.append(command.key)
        self.answers[command.key] = {"number": len(self.answers)}
        return self.answers[command.key]


BOOKS = Books()


@participant_function("bookkeeper")
async def bookkeeper(command: Command) -> Any:
    return await BOOKS.serve(command)
