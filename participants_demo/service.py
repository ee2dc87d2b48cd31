"""What a participant is made of: its calls by path, and what it has on its books."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from participants_demo import barrier, ledger
from participants_demo.ledger import Effect
from participants_demo.protocol import Call
from participants_demo.web import Routes


@dataclass(frozen=True, slots=True)
class Done:
    """A call that was done: what the orchestrator gets as the step's output, and what it did to the accounts."""

    output: Mapping[str, Any]
    effect: Effect


Verb = Callable[[Call], Done]


@dataclass(frozen=True, slots=True)
class Balances:
    """What the tables say now, one amount per account, all in the same unit; the total never changes."""

    unit: str
    accounts: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        return {"unit": self.unit, "accounts": dict(self.accounts), "total": sum(self.accounts.values())}


@dataclass(frozen=True, slots=True)
class Service:
    """One participant. `balances` reads its tables, not its ledger."""

    actions: Mapping[str, Verb]
    compensations: Mapping[str, Verb]
    balances: Callable[[], Balances]
    more_routes: Routes = field(default_factory=dict)


def perform(call: Call, verb: Verb) -> str:
    """Do a call at most once: work, ledger entry and barrier row in one transaction.

    Returns the output as JSON text. Raises AnswerError.
    """

    def work() -> str:
        done = verb(call)
        ledger.write(call, done.effect)
        return json.dumps(done.output)

    return barrier.once(call, work)
