"""What the engine keeps about itself: leases, counters, fault rules."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orchestration.core.states import Direction
from orchestration.models.columns import choices


class Drain(models.Model):
    """The lease: one row per running drain. A drain whose `until` has passed has lost its sagas."""

    id = models.UUIDField(primary_key=True)
    until = models.DateTimeField()
    started_at = models.DateTimeField(db_default=Now())
    host = models.CharField(max_length=255)
    pid = models.IntegerField()
    in_flight = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"


class Flow(models.Model):
    """What the engine keeps about one participant: how many calls may be out by now, and the circuit breaker.

    `granted`: the sum of the grants. `changed_at`: when the circuit was opened or closed. `probe_at`: while it is open,
    when the next call may try whether the participant is back.
    """

    participant = models.CharField(primary_key=True, max_length=64)
    granted = models.IntegerField(default=0)
    is_open = models.BooleanField(default=False)
    changed_at = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(name="no_grant_is_below_zero", condition=Q(granted__gte=0))]

    def __str__(self) -> str:
        return self.participant


class Grant(models.Model):
    """The calls to one participant that one drain may have out at once. `longest`: the longest timeout among them.

    `free_at`: its drain is gone, and until then its calls may still be worked on.
    """

    pk = models.CompositePrimaryKey("drain_id", "participant")
    drain_id = models.UUIDField()
    participant = models.CharField(max_length=64)
    granted = models.IntegerField()
    longest = models.FloatField()
    free_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.participant}: {self.granted}"


class EngineState(models.Model):
    """Named numbers and times of the engine: the configuration's version, counters, the dispatcher's last beat."""

    name = models.CharField(primary_key=True, max_length=32)
    value = models.BigIntegerField(default=0)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"


class Figure(models.Model):
    """One series for the monitoring, added to by whoever counts: its name, its labels (a JSON array), its numbers."""

    pk = models.CompositePrimaryKey("name", "labels")
    name = models.CharField(max_length=32)
    labels = models.CharField(max_length=512)
    count = models.BigIntegerField()
    total = models.FloatField()
    buckets = ArrayField(models.BigIntegerField())

    def __str__(self) -> str:
        return f"{self.name}{self.labels} = {self.count}"


class FaultRule(models.Model):
    """An injected failure. It acts in the orchestrator, at the call, until it expires, is used up or is removed."""

    class Kind(models.TextChoices):
        REFUSE = "refuse", _("refuse: the participant says no")
        ERROR_BEFORE = "error_before", _("error before: nothing is sent")
        ERROR_AFTER = "error_after", _("error after: sent, then answered 500")
        LOST_REPLY = "lost_reply", _("lost reply: sent, the answer is thrown away")
        TIMEOUT = "timeout", _("timeout: sent, no answer in time")
        DELAY = "delay", _("delay: the call waits before it is sent")
        DUPLICATE = "duplicate", _("duplicate: sent twice")
        INVALID_REPLY = "invalid_reply", _("invalid reply: sent, the answer is nonsense")
        CRASH_BEFORE = "crash_before", _("crash before: the worker dies before it sends")
        CRASH_AFTER = "crash_after", _("crash after: the worker dies after it has sent")

    definition = models.CharField(_("definition"), max_length=64, blank=True)
    step = models.CharField(_("step"), max_length=64, blank=True)
    participant = models.CharField(_("participant"), max_length=64, blank=True)
    direction = models.CharField(_("direction"), max_length=12, choices=choices(Direction), blank=True)
    saga_id = models.UUIDField(_("saga"), null=True, blank=True)
    attempts = ArrayField(models.IntegerField(), verbose_name=_("attempts"), null=True, blank=True)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    delay = models.FloatField(_("delay in seconds"), null=True, blank=True)
    times = models.PositiveIntegerField(_("times"), null=True, blank=True)
    fired = models.PositiveIntegerField(default=0, editable=False)
    probability = models.FloatField(_("probability"), null=True, blank=True)
    created_by = models.CharField(max_length=150, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(_("expires"))
    removed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("fault rule"), _("fault rules")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="a_fault_rule_ends_in_fifteen_minutes",
                condition=Q(expires_at__lte=F("created_at") + models.Value("15 minutes", models.DurationField())),
            ),
            models.CheckConstraint(name="a_probability_is_a_share", condition=Q(probability__range=(0, 1))),
            models.CheckConstraint(name="a_fault_fires_at_most_so_often", condition=Q(fired__lte=F("times"))),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.step or self.participant or self.definition}"
