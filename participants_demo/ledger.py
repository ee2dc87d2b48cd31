"""The ledger: what this participant really did. One entry per effect, never per call; nothing is ever changed in it.

Each effect moves an amount between two accounts of this participant, so the sum over its accounts never changes.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection

from participants_demo.models import LedgerEntry
from participants_demo.protocol import Call

WRITE = "INSERT INTO ledger (saga_id, step, direction, key, epoch, effect) VALUES (%s, %s, %s, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Effect:
    """`amount` of `unit` is added to `account` and taken from `counter_account`; a negative one goes the other way."""

    unit: str
    account: str
    amount: int
    counter_account: str

    def undone(self) -> "Effect":
        return Effect(self.unit, self.account, -self.amount, self.counter_account)


def write(call: Call, effect: Effect) -> None:
    """Note an effect. Call it in the transaction that has the effect."""
    values = (call.saga_id, call.step, call.direction, call.key, call.epoch, json.dumps(asdict(effect)))
    with connection.cursor() as cursor:
        cursor.execute(WRITE, values)


def page(*, saga_id: str | None, after: int, limit: int) -> dict[str, Any]:
    """Entries in the order of their numbers. `next_after` is the cursor of the next page, None on the last.

    An entry that commits late can have a lower number than one already read: compare ledgers when no call is out.
    """
    entries = LedgerEntry.objects.filter(id__gt=after).order_by("id")
    if saga_id is not None:
        entries = entries.filter(saga_id=saga_id)
    found = list(entries[: limit + 1])
    return {
        "entries": [entry.as_json() for entry in found[:limit]],
        "next_after": found[limit - 1].pk if len(found) > limit else None,
    }
