"""Participants and the published versions of saga definitions."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orchestration.core.states import StepKind
from orchestration.models.columns import choices


class Participant(models.Model):
    """A service that owns data and takes part in sagas."""

    class Transport(models.TextChoices):
        HTTP = "http", _("HTTP")
        FUNCTION = "function", _("Python function")
        GRPC = "grpc", _("gRPC")
        AMQP = "amqp", _("AMQP (RabbitMQ)")

    name = models.SlugField(_("name"), max_length=64, unique=True)
    transport = models.CharField(_("transport"), max_length=16, choices=Transport.choices, default=Transport.HTTP)
    base_url = models.CharField(_("base URL"), max_length=512, blank=True)
    status_path = models.CharField(_("status path"), max_length=255, blank=True)
    secret = models.CharField(_("secret"), max_length=255, blank=True)
    max_in_flight = models.PositiveIntegerField(_("calls at once"), default=1000)
    timeout = models.FloatField(_("seconds for one call"), default=5.0)
    paused = models.BooleanField(_("calls paused"), default=False)
    paused_by = models.CharField(max_length=150, blank=True, editable=False)
    pause_reason = models.TextField(blank=True, editable=False)
    paused_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("participant"), _("participants")
        permissions: ClassVar = [
            ("pause_participant", _("May pause participants")),
            ("resume_participant", _("May resume participants")),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(name="a_participant_takes_one_call_at_least", condition=Q(max_in_flight__gte=1)),
            models.CheckConstraint(
                name="a_call_takes_a_moment_to_an_hour", condition=Q(timeout__gte=0.05, timeout__lte=3600)
            ),
            models.CheckConstraint(name="http_participant_has_an_address", condition=~Q(transport="http", base_url="")),
            models.CheckConstraint(
                name="grpc_or_amqp_participant_has_an_address",
                condition=~Q(transport__in=["amqp", "grpc"], base_url=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SagaDefinitionQuerySet(models.QuerySet["SagaDefinition"]):
    def usable(self) -> Self:
        return self.filter(retired_at=None)

    def newest(self) -> Self:
        return self.order_by("name", "-version").distinct("name")


class SagaDefinition(models.Model):
    """One published version of a definition; a trigger keeps it from ever changing."""

    name = models.SlugField(_("name"), max_length=64)
    version = models.PositiveIntegerField(_("version"))
    title = models.CharField(_("title"), max_length=255)
    document = models.JSONField(_("document"))
    fingerprint = models.CharField(max_length=64)
    published_at = models.DateTimeField(db_default=Now(), editable=False)
    published_by = models.CharField(max_length=150, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SagaDefinitionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("saga definition"), _("saga definitions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name", "version"], name="a_version_is_published_once"),
            models.CheckConstraint(name="versions_begin_at_one", condition=Q(version__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class DefinitionDraft(models.Model):
    """A document that may become the next version of its name. `text`: as it was written, with its comments."""

    name = models.SlugField(_("name"), max_length=64, primary_key=True)
    document = models.JSONField(_("document"))
    text = models.TextField()
    content_type = models.CharField(max_length=64)
    saved_at = models.DateTimeField()
    saved_by = models.CharField(max_length=150)

    class Meta:
        verbose_name, verbose_name_plural = _("draft"), _("drafts")

    def __str__(self) -> str:
        return self.name


class DefinitionStep(models.Model):
    """A step of a published version as a row: what pages list and what keeps a participant from being deleted."""

    definition = models.ForeignKey(SagaDefinition, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    stage = models.PositiveSmallIntegerField()
    name = models.SlugField(max_length=64)
    kind = models.CharField(max_length=16, choices=choices(StepKind), default=StepKind.CALL)
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="definition_steps", null=True, blank=True
    )
    action = models.CharField(max_length=255, blank=True)
    compensation = models.CharField(max_length=255, blank=True)
    timeout = models.DurationField(null=True)

    class Meta:
        ordering = ("position",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["definition", "position"], name="a_position_holds_one_step"),
            models.UniqueConstraint(fields=["definition", "name"], name="a_definition_names_a_step_once"),
            models.CheckConstraint(
                name="a_call_has_a_participant_and_nothing_else_has",
                condition=Q(kind=StepKind.CALL, participant__isnull=False)
                | (~Q(kind=StepKind.CALL) & Q(participant=None)),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def participant_name(self) -> str:
        """Empty for what is no call: an approval, a timer."""
        return self.participant.name if self.participant else ""
