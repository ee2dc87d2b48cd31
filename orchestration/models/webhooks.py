"""Webhooks: who is told when a saga ends or gets stuck, and what became of each message."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orchestration.core.states import ENDED, SagaStatus
from orchestration.models.columns import one_of


class WebhookEndpoint(models.Model):
    """An address that is told. Two secrets may be live: `previous_secret` signs beside `secret` until its time is up.

    `events`: statuses of a saga that it wants to hear of.
    """

    name = models.SlugField(_("name"), max_length=64, unique=True)
    url = models.CharField(_("URL"), max_length=512)
    events = ArrayField(models.CharField(max_length=16), verbose_name=_("events"))
    enabled = models.BooleanField(_("enabled"), default=True)
    disabled_because = models.CharField(max_length=255, blank=True, editable=False)
    secret = models.CharField(max_length=64, editable=False)
    previous_secret = models.CharField(max_length=64, blank=True, editable=False)
    previous_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.CharField(max_length=150, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("webhook"), _("webhooks")

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(models.Model):
    """One message to one endpoint: written in the transaction of what it tells, sent later, and kept as the log.

    `seq`: the journal entry that it tells of. `tries`: one entry per try, {"at", "status", "error", "seconds"}.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("to be sent")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("given up")

    pk = models.CompositePrimaryKey("saga_id", "seq", "endpoint_id")
    saga_id = models.UUIDField()
    seq = models.IntegerField()
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", db_constraint=False, db_index=False
    )
    event = models.CharField(max_length=16)
    at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=State.choices)
    due_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    tries = models.JSONField(default=list)

    class Meta:
        verbose_name, verbose_name_plural = _("webhook delivery"), _("webhook deliveries")
        indexes: ClassVar = [
            models.Index(name="webhook_due", fields=["due_at"], condition=Q(state="pending")),
            models.Index(name="webhook_log", fields=["endpoint", "-saga_id", "-seq"]),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="a_webhook_waits_or_is_over",
                condition=Q(state="pending", due_at__isnull=False) | (~Q(state="pending") & Q(due_at=None)),
            ),
            models.CheckConstraint(
                name="a_webhook_tells_an_end_or_a_stop",
                condition=one_of("event", ENDED | {SagaStatus.STUCK}),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.saga_id} to {self.endpoint_id}"
