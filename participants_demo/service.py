"""What a participant is made of: its calls by path, and what it has on its books."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from participants_demo import barrier, ledger, outbox, pending
from participants_demo.ledger import Effect
from participants_demo.protocol import AcceptedAnswer, Call
from participants_demo.web import Routes

CALLBACK_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Done:
    """A call that was done: what the orchestrator gets as the step's output, and what it did to the accounts."""

    output: Mapping[str, Any]
    effect: Effect


@dataclass(frozen=True, slots=True)
class Later:
    """A call that was accepted: `work`, one of the service's confirmations, is done after `seconds`.

    calls_back: its answer is posted to the caller; else the caller must ask the status endpoint.
    """

    work: str
    seconds: float
    calls_back: bool

    @property
    def ask_after_seconds(self) -> int:
        """When it is worth asking: who calls back is asked only when that must have gone wrong."""
        return max(1, ceil(self.seconds) + (CALLBACK_SECONDS if self.calls_back else 0))


Verb = Callable[[Call], Done]
Starter = Callable[[Call], Done | Later]


@dataclass(frozen=True, slots=True)
class Balances:
    """What the tables say now, one amount per account, all in the same unit; the total never changes."""

    unit: str
    accounts: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        return {"unit": self.unit, "accounts": dict(self.accounts), "total": sum(self.accounts.values())}


@dataclass(frozen=True, slots=True)
class Service:
    """One participant. `balances` reads its tables, not its ledger; `confirmations` do what was accepted, by name."""

    actions: Mapping[str, Starter]
    compensations: Mapping[str, Verb]
    balances: Callable[[], Balances]
    more_routes: Routes = field(default_factory=dict)
    confirmations: Mapping[str, Verb] = field(default_factory=dict)


def perform(call: Call, verb: Starter) -> str:
    """Do a call at most once: work, ledger entry and barrier row in one transaction; or the promise to do it later.

    Returns the output as JSON text. Raises AnswerError.
    """
    ask_after_seconds = 0

    def work() -> str | None:
        nonlocal ask_after_seconds
        done = verb(call)
        if isinstance(done, Later):
            ask_after_seconds = done.ask_after_seconds
            callback = outbox.checked(call.callback) if done.calls_back else ""
            pending.accept(call, work=done.work, seconds=done.seconds, callback=callback)
            return None
        return note(call, done)

    answer = barrier.once(call, work)
    if answer is None:
        raise AcceptedAnswer(retry_after_seconds=ask_after_seconds)
    return answer


def note(call: Call, done: Done) -> str:
    """Write what was done into the ledger, and return the output as JSON text."""
    ledger.write(call, done.effect)
    return json.dumps(done.output)
