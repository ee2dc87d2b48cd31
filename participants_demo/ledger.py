"""The ledger: what this participant really did. One entry per effect, never per call; nothing is ever changed in it.

Each effect moves an amount between two accounts of this participant, so the sum over its accounts never changes.
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models.functions import Now

from participants_demo.protocol import Call


@dataclass(frozen=True, slots=True)
class Effect:
    """`amount` of `unit` is added to `account` and taken from `counter_account`; a negative one goes the other way."""

    unit: str
    account: str
    amount: int
    counter_account: str

    def undone(self) -> "Effect":
        return Effect(self.unit, self.account, -self.amount, self.counter_account)


class LedgerEntry(models.Model):
    """One effect. A trigger refuses UPDATE, DELETE and TRUNCATE."""

    saga_id = models.TextField()
    step = models.TextField()
    direction = models.TextField()
    key = models.TextField()
    epoch = models.BigIntegerField()
    effect = models.JSONField()
    at = models.DateTimeField(db_default=Now())

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["key"], name="at_most_one_effect_per_key")]
        indexes: ClassVar = [models.Index(fields=["saga_id", "id"], name="ledger_of_a_saga")]

    def __str__(self) -> str:
        return self.key

    def as_json(self) -> dict[str, Any]:
        names = ("saga_id", "step", "direction", "key", "epoch", "effect")
        return {**{name: getattr(self, name) for name in names}, "at": self.at.isoformat()}


def write(call: Call, effect: Effect) -> None:
    """Note an effect. Call it in the transaction that has the effect."""
    LedgerEntry.objects.create(
        saga_id=call.saga_id,
        step=call.step,
        direction=call.direction,
        key=call.key,
        epoch=call.epoch,
        effect=asdict(effect),
    )


def page(*, saga_id: str | None, after: int, limit: int) -> dict[str, Any]:
    """Entries in the order of their numbers. `next_after` is the cursor of the next page, None on the last.

    An entry that commits late can have a lower number than one already read: compare ledgers when no call is out.
    """
    entries = LedgerEntry.objects.filter(id__gt=after, **({"saga_id": saga_id} if saga_id else {})).order_by("id")
    found = list(entries[: limit + 1])
    more = found[limit:]
    return {
        "entries": [entry.as_json() for entry in found[:limit]],
        "next_after": found[limit - 1].pk if more else None,
    }
