"""Bulk acts: one act, asked for once, over a frozen set of sagas."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Bulk(models.Model):
    """The act and how far it has come. Running and due, it *is* the work item; an RQ job only wakes a worker.

    Items are taken in order, so `done + refused` is also the position of the next one. `holder`: whoever works on it
    now; it writes nothing any more once another has taken it. `done_limit`: so many may be done before somebody looks
    at what became of them (canary mode); None: no limit. `failures_accepted`: a person has gone on in spite of them.
    `token`: how the hash of the API token begins that asked for it; empty: none did.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("not started")
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused")
        HALTED = "halted", _("halted itself")
        CANCELLED = "cancelled", _("cancelled")
        COMPLETED = "completed", _("completed")

    class Halt(models.TextChoices):
        FAILURES = "failures", _("too many of its sagas have failed again")
        SLOW = "slow", _("its first sagas are still under way")

    id = models.UUIDField(primary_key=True, editable=False)
    act = models.CharField(max_length=32)
    step = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    status = models.CharField(_("status"), max_length=16, choices=Status.choices)
    canary = models.BooleanField(default=False)
    selection = models.JSONField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    actor = models.CharField(max_length=150)
    via = models.CharField(max_length=16)
    scopes = ArrayField(models.CharField(max_length=32), null=True)
    token = models.CharField(max_length=32, blank=True, default="")
    total = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    done_limit = models.IntegerField(null=True)
    looked_at_until = models.DateTimeField(null=True)
    failures_accepted = models.IntegerField(default=0)
    halted_because = models.CharField(max_length=16, choices=Halt.choices, blank=True)
    holder = models.UUIDField(null=True)
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("bulk act"), _("bulk acts")
        # `due_at` and the counts are written with every item: they stand in no index.
        indexes: ClassVar = [
            models.Index(name="bulk_running", fields=["id"], condition=Q(status="running")),
            models.Index(name="bulk_drafts", fields=["created_at"], condition=Q(status="draft")),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="a_running_bulk_is_due_and_the_others_are_not",
                condition=Q(status="running", due_at__isnull=False) | (~Q(status="running") & Q(due_at=None)),
            ),
            models.CheckConstraint(
                name="an_ended_bulk_is_finished_and_the_others_are_not",
                condition=Q(status__in=["cancelled", "completed"], finished_at__isnull=False)
                | (~Q(status__in=["cancelled", "completed"]) & Q(finished_at=None)),
            ),
            models.CheckConstraint(
                name="a_bulk_has_no_more_results_than_items", condition=Q(total__gte=F("done") + F("refused"))
            ),
            models.CheckConstraint(
                name="a_bulk_that_was_started_has_a_reason", condition=Q(status="draft") | ~Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.act} over {self.total} sagas"

    @property
    def acted_on(self) -> int:
        """Items that have their result."""
        return self.done + self.refused

    @property
    def has_ended(self) -> bool:
        return self.status in (self.Status.CANCELLED, self.Status.COMPLETED)


class BulkItem(models.Model):
    """One saga of the set. `seen_revision`: the saga's when the set was frozen; None: there was no such saga.

    `acted_revision`: the saga's right after the act; a saga that is stuck at a later one has failed again.
    """

    class Result(models.TextChoices):
        PENDING = "pending", _("not yet")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")

    pk = models.CompositePrimaryKey("bulk_id", "position")
    bulk = models.ForeignKey(
        Bulk, on_delete=models.DO_NOTHING, related_name="items", db_constraint=False, db_index=False
    )
    position = models.IntegerField()
    saga_id = models.UUIDField()
    seen_revision = models.IntegerField(null=True)
    result = models.CharField(max_length=8, choices=Result.choices)
    code = models.CharField(max_length=16, blank=True)
    error = models.TextField(blank=True)
    acted_revision = models.IntegerField(null=True)
    acted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("position",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bulk", "saga_id"], name="a_bulk_holds_a_saga_once"),
            models.CheckConstraint(
                name="only_an_item_with_a_result_was_acted_on",
                condition=Q(result="pending", acted_at=None) | (~Q(result="pending") & Q(acted_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.saga_id}: {self.result}"
