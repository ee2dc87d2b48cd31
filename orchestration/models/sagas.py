"""Sagas and their steps, attempts and journal.

Runtime tables begin their key with the saga's id and carry no foreign key in the database: a key check would lock one
hot definition row for every launch, and retention must not cascade.
"""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orchestration.core.states import ENDED, LIVE, Direction, SagaStatus, StepStatus
from orchestration.models.columns import choices, one_of
from orchestration.models.definitions import SagaDefinition


class SagaQuerySet(models.QuerySet["Saga"]):
    def live(self) -> Self:
        return self.filter(status__in=sorted(LIVE))

    def needs_attention(self) -> Self:
        return self.filter(status=SagaStatus.STUCK)

    def for_detail_page(self) -> Self:
        return self.select_related("definition", "data").prefetch_related("steps")


class Saga(models.Model):
    """The hot row. Due, unowned and not parked, it *is* the work item; status is written by `advance` alone.

    `lock_key`: of the live sagas of one definition with the same value one goes on at a time. `limited`: its
    definition says how many may be in flight. Both are fixed at the launch.
    A sub-saga is the step at `parent_position` of the saga `parent_id`; `depth`: how many sagas it is nested in.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    definition = models.ForeignKey(
        SagaDefinition, on_delete=models.PROTECT, related_name="sagas", db_constraint=False, db_index=False
    )
    definition_name = models.CharField(max_length=64)
    status = models.CharField(_("status"), max_length=16, choices=choices(SagaStatus))
    paused = models.BooleanField(_("paused"), default=False)
    parked_on = models.CharField(max_length=128, null=True)  # noqa: DJ001  null is "not parked" for the partial indexes
    lock_key = models.CharField(max_length=255, null=True)  # noqa: DJ001  null is "none" for the partial index
    limited = models.BooleanField(db_default=False)
    due_at = models.DateTimeField(null=True)
    drain_id = models.UUIDField(null=True)
    epoch = models.BigIntegerField(default=0)
    outside_writes = models.IntegerField(default=0)
    revision = models.IntegerField(default=0)
    journal_length = models.IntegerField(default=0)
    overdue = models.BooleanField(_("overdue"), default=False)
    business_key = models.CharField(_("business key"), max_length=255, blank=True)
    trigger = models.CharField(max_length=16)
    launched_by = models.CharField(max_length=150, blank=True)
    stuck_code = models.CharField(max_length=32, blank=True)
    stuck_reason = models.TextField(blank=True)
    created_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    restarted_from_id = models.UUIDField(null=True)
    restarted_as_id = models.UUIDField(null=True)
    parent_id = models.UUIDField(null=True)
    parent_position = models.PositiveSmallIntegerField(null=True)
    depth = models.PositiveSmallIntegerField(db_default=0)

    objects = SagaQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("saga"), _("sagas")
        permissions: ClassVar = [
            ("launch_saga", _("May launch sagas")),
            ("retry_saga", _("May retry sagas")),
            ("compensate_saga", _("May compensate sagas")),
            ("skip_saga", _("May skip steps")),
            ("resolve_saga", _("May say what became of steps in doubt")),
            ("pause_saga", _("May pause sagas")),
            ("resume_saga", _("May resume sagas")),
            ("edit_and_retry_saga", _("May change what a call sends")),
            ("abandon_saga", _("May abandon sagas")),
            ("approve_saga", _("May decide approval steps")),
            ("restart_from_saga", _("May let a new saga take over from a step")),
            ("note_saga", _("May write notes on sagas")),
        ]
        # Of the columns written on the hot path only status, due_at and parked_on may stand in an index (HOT updates).
        indexes: ClassVar = [
            models.Index(
                name="saga_claim_begun", fields=["status", "due_at"],
                condition=Q(due_at__isnull=False, parked_on=None) & ~Q(status="pending"),
            ),
            models.Index(
                name="saga_claim_new", fields=["definition_name", "due_at"],
                condition=Q(due_at__isnull=False, parked_on=None, status="pending"),
            ),
            models.Index(
                name="saga_parked", fields=["parked_on", "status", "definition_name", "due_at"],
                condition=Q(parked_on__isnull=False),
            ),
            models.Index(
                name="saga_by_lock", fields=["definition_name", "lock_key", "created_at", "id"],
                condition=Q(one_of("status", LIVE), lock_key__isnull=False),
            ),
            models.Index(
                name="saga_in_flight", fields=["definition_name"],
                condition=Q(one_of("status", (SagaStatus.RUNNING, SagaStatus.COMPENSATING)), limited=True),
            ),
            models.Index(name="saga_by_status", fields=["status", "id"]),
            models.Index(name="saga_by_definition", fields=["definition_name", "id"]),
            models.Index(name="saga_by_business_key", fields=["business_key"], condition=~Q(business_key="")),
        ]  # fmt: skip
        constraints: ClassVar = [
            models.CheckConstraint(name="a_saga_has_a_known_status", condition=one_of("status", SagaStatus)),
            models.CheckConstraint(
                name="an_ended_saga_is_finished_and_the_others_are_not",
                condition=Q(one_of("status", ENDED), finished_at__isnull=False)
                | Q(one_of("status", LIVE), finished_at=None),
            ),
            models.CheckConstraint(
                name="an_ended_or_stuck_saga_is_neither_due_nor_owned",
                condition=~one_of("status", ENDED | {SagaStatus.STUCK}) | Q(due_at=None, drain_id=None, parked_on=None),
            ),
            models.CheckConstraint(
                name="an_owned_saga_is_not_due_for_others", condition=Q(due_at=None) | Q(drain_id=None)
            ),
            models.CheckConstraint(
                name="a_stuck_saga_has_a_reason", condition=~Q(status=SagaStatus.STUCK) | ~Q(stuck_reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.definition_name} {self.business_key or self.id}"


class SagaData(models.Model):
    """A saga's input, apart from the hot row."""

    saga = models.OneToOneField(
        Saga, on_delete=models.DO_NOTHING, primary_key=True, related_name="data", db_constraint=False
    )
    input = models.JSONField()

    def __str__(self) -> str:
        return f"input of {self.saga_id}"


class LaunchKey(models.Model):
    """One row per idempotency key: unique per definition name, over all triggers, as long as the saga is stored."""

    pk = models.CompositePrimaryKey("definition_name", "key")
    definition_name = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    saga_id = models.UUIDField()

    def __str__(self) -> str:
        return f"{self.definition_name}: {self.key}"


class Step(models.Model):
    """A step of one saga: where it stands, and the counters that the retry rules need.

    `tries` counts against the retry budget of the present direction; the two attempt counters only ever grow.
    `sent`: a try left the worker. `refused_only`: every try so far was refused or never sent. `done`: its action took
    effect. `answer_by`: until then the answer to an accepted call may come. `output`: what it answered where no attempt
    says it: by a callback, a person's decision. `edited_input`: what its calls carry since a person changed it.
    `origin_saga_id`: the saga that did it, where a restart has kept it; its undo is sent in that saga's name.
    `child_saga_id`: the sub-saga that it is.
    """

    pk = models.CompositePrimaryKey("saga_id", "position")
    saga = models.ForeignKey(
        Saga, on_delete=models.DO_NOTHING, related_name="steps", db_constraint=False, db_index=False
    )
    position = models.PositiveSmallIntegerField()
    stage = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=64)
    status = models.CharField(_("status"), max_length=20, choices=choices(StepStatus))
    in_doubt = models.BooleanField(_("in doubt"), default=False)
    sent = models.BooleanField(default=False)
    refused_only = models.BooleanField(default=True)
    effect_stands = models.BooleanField(default=False)
    never_undoable = models.BooleanField(default=False)
    tries = models.IntegerField(default=0)
    losses = models.SmallIntegerField(default=0)
    stale_answers = models.SmallIntegerField(default=0)
    action_attempts = models.IntegerField(default=0)
    compensation_attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    attempt_started_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    done = models.BooleanField(default=False)
    answer_by = models.DateTimeField(null=True)
    origin_saga_id = models.UUIDField(null=True)
    child_saga_id = models.UUIDField(null=True)
    edited_input = models.JSONField(null=True)
    output = models.JSONField(null=True)
    error = models.JSONField(null=True)

    class Meta:
        ordering = ("position",)
        constraints: ClassVar = [
            models.CheckConstraint(name="a_step_has_a_known_status", condition=one_of("status", StepStatus)),
            models.CheckConstraint(
                name="a_pending_step_was_never_tried", condition=~Q(status=StepStatus.PENDING) | Q(action_attempts=0)
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Attempt(models.Model):
    """One try of one direction, written once, when it ends. Never changed."""

    class Outcome(models.TextChoices):
        SUCCEEDED = "succeeded", _("succeeded")
        ACCEPTED = "accepted", _("accepted, answer comes later")
        REFUSED = "refused", _("refused")
        IN_DOUBT = "in_doubt", _("in doubt")
        NOT_SENT = "not_sent", _("not sent")
        TRY_LATER = "try_later", _("told to try later")
        IN_PROGRESS = "in_progress", _("still in progress")
        LOST = "lost", _("lost with its worker")
        STALE = "stale_epoch", _("refused as stale")
        UNDONE = "undone", _("undone by the participant")
        GIVEN_UP = "given_up", _("given up by a person")

    pk = models.CompositePrimaryKey("saga_id", "position", "direction", "number")
    saga = models.ForeignKey(
        Saga, on_delete=models.DO_NOTHING, related_name="attempts", db_constraint=False, db_index=False
    )
    position = models.PositiveSmallIntegerField()
    direction = models.CharField(max_length=12, choices=choices(Direction))
    number = models.IntegerField()
    epoch = models.BigIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    request = models.JSONField(null=True)
    answer = models.JSONField(null=True)
    error = models.JSONField(null=True)
    fault = models.CharField(max_length=16, blank=True)

    def __str__(self) -> str:
        return f"{self.direction} {self.number}: {self.outcome}"


class Event(models.Model):
    """The journal: one row per saga and transaction, with its moves. Append only (a trigger sees to it).

    `moves` is compact, `<position>:<status>>…` parted by blanks, as in `0:running>succeeded 1:pending>due>running`.
    """

    pk = models.CompositePrimaryKey("saga_id", "seq")
    saga = models.ForeignKey(
        Saga, on_delete=models.DO_NOTHING, related_name="events", db_constraint=False, db_index=False
    )
    seq = models.IntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=24)
    status = models.CharField(max_length=16, choices=choices(SagaStatus))
    epoch = models.BigIntegerField()
    actor = models.CharField(max_length=150, blank=True)
    moves = models.TextField(blank=True)
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ("seq",)

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"
