"""The tables of the shared kit; each participant has them in its own database."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models.functions import Now


class Barrier(models.Model):
    """What is known of one idempotency key; barrier.py reads and writes it. `answer` is JSON text."""

    key = models.TextField(primary_key=True)
    epoch = models.BigIntegerField()
    done = models.BooleanField()
    answer = models.TextField()

    class Meta:
        db_table = "barrier"

    def __str__(self) -> str:
        return self.key


class PendingCall(models.Model):
    """An action that was accepted (202) and is not done yet; pending.py reads and writes it.

    work: which of the service's confirmations does it, at `due_at`. input: JSON text. callback: "" when nobody is told.
    """

    key = models.TextField(primary_key=True)
    saga_id = models.TextField()
    step = models.TextField()
    epoch = models.BigIntegerField()
    input = models.TextField()
    work = models.TextField()
    callback = models.TextField()
    due_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "pending_call"

    def __str__(self) -> str:
        return self.key


class Message(models.Model):
    """An answer that is to be posted to a callback address at `due_at`; outbox.py reads and writes it."""

    url = models.TextField()
    body = models.TextField()
    tries = models.IntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        db_table = "outbox"

    def __str__(self) -> str:
        return self.body


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
        db_table = "ledger"
        constraints: ClassVar = [models.UniqueConstraint(fields=["key"], name="at_most_one_effect_per_key")]
        indexes: ClassVar = [models.Index(fields=["saga_id", "id"], name="ledger_of_a_saga")]

    def __str__(self) -> str:
        return self.key

    def as_json(self) -> dict[str, Any]:
        names = ("saga_id", "step", "direction", "key", "epoch", "effect")
        return {**{name: getattr(self, name) for name in names}, "at": self.at.isoformat()}
