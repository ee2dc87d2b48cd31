"""Who may come in by token, and who did what."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class ApiToken(models.Model):
    """A bearer token: only its hash is stored. Rights are the user's, narrowed to `scopes` when there are any.

    `per_minute`: how many requests it may make; None: as many as the deployment lets every token make.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=64)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    per_minute = models.PositiveIntegerField(_("requests a minute"), null=True, blank=True)
    scopes = ArrayField(models.CharField(max_length=32), verbose_name=_("scopes"), default=list, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("API token"), _("API tokens")

    def __str__(self) -> str:
        return self.name


class AuditEntry(models.Model):
    """Who did what, when and why, granted or refused. Append only (a trigger sees to it)."""

    id = models.UUIDField(primary_key=True, editable=False)
    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=150)
    act = models.CharField(max_length=32)
    subject = models.CharField(max_length=128)
    saga_id = models.UUIDField(null=True)
    granted = models.BooleanField()
    reason = models.TextField(blank=True)
    via = models.CharField(max_length=16)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("audit entry"), _("audit entries")
        indexes: ClassVar = [
            models.Index(name="audit_by_saga", fields=["saga_id", "id"]),
            models.Index(name="audit_by_actor", fields=["actor", "id"]),
            models.Index(name="audit_by_act", fields=["act", "id"]),
            models.Index(name="audit_refused", fields=["id"], condition=models.Q(granted=False)),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.act} {self.subject}"


class AuditWaiting(models.Model):
    """An audit row that is not sealed yet. A trigger writes it in the row's own transaction; sealing takes it away."""

    entry_id = models.UUIDField(primary_key=True)

    def __str__(self) -> str:
        return str(self.entry_id)


class AuditLink(models.Model):
    """One audit row in the chain: `digest` is over the digest before it and the whole row. Append only."""

    position = models.BigIntegerField(primary_key=True)
    entry_id = models.UUIDField(unique=True)
    digest = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.position}:{self.digest}"
