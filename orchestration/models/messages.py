"""Messages of the broker that a person must look at, and ends of sagas that the broker has not been told yet."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class DeadLetterQuerySet(models.QuerySet["DeadLetter"]):
    def waiting(self) -> Self:
        return self.filter(state=DeadLetter.State.WAITING)


class DeadLetter(models.Model):
    """A start message that no saga could be made of. Copies of it that come meanwhile only raise `times`."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for a person")
        RESENDING = "resending", _("is being sent again")
        RESENT = "resent", _("was sent again")
        DISCARDED = "discarded", _("was discarded")

    id = models.UUIDField(primary_key=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    message_id = models.CharField(_("message id"), max_length=255, blank=True)
    body = models.BinaryField()
    reply_to = models.CharField(max_length=255, blank=True)
    correlation_id = models.CharField(max_length=255, blank=True)
    sender = models.CharField(_("sender"), max_length=150, blank=True)
    reason = models.TextField(_("reason"))
    times = models.PositiveIntegerField(default=1)
    received_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING)
    handled_by = models.CharField(max_length=150, blank=True)
    handled_at = models.DateTimeField(null=True)
    handled_reason = models.TextField(blank=True)
    corrected = models.TextField(blank=True)
    copies_removed = models.BooleanField(default=False)

    objects = DeadLetterQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("dead letter"), _("dead letters")
        permissions: ClassVar = [
            ("resend_deadletter", _("May correct and resend dead letters")),
            ("discard_deadletter", _("May discard dead letters")),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="a_message_waits_for_a_person_once", fields=["digest"], condition=Q(state="waiting")
            ),
        ]
        indexes: ClassVar = [models.Index(name="dead_letters_by_state", fields=["state", "id"])]

    def __str__(self) -> str:
        return self.message_id or str(self.pk)

    @property
    def text(self) -> str:
        """The body for people: what is no UTF-8 shows as such."""
        return bytes(self.body).decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


class Announcement(models.Model):
    """A saga has ended, and whoever listens on `channel` has not been told: written in the transaction of the end."""

    pk = models.CompositePrimaryKey("channel", "saga_id", "seq")
    channel = models.CharField(max_length=32)
    saga_id = models.UUIDField()
    seq = models.IntegerField()
    status = models.CharField(max_length=16)
    at = models.DateTimeField()
    taken_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.saga_id} {self.status}"
