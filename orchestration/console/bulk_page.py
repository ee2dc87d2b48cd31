"""What the pages of bulk acts show: the preview of one, how far one has come, and the list."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from orchestration import bulk as bulk_acts
from orchestration import queries
from orchestration.audit import Actor
from orchestration.bulk import Foreseen
from orchestration.console import bulk_words, parked, reasons
from orchestration.console.bulk_forms import BulkForm
from orchestration.console.words import Look
from orchestration.models import Bulk, BulkItem, Saga
from orchestration.operator_actions import ACTS
from orchestration.queries import Page
from orchestration.queries.bulks import FAILED_AGAIN, RESULTS, UNDER_WAY

NOBODY_CAME = timedelta(seconds=10)
SHOWN_REASONS = 6


def preview_context(bulk: Bulk, actor: Actor, form: BulkForm | None = None) -> dict[str, Any]:
    """The template context of `bulk_preview.html`."""
    found = bulk_acts.foreseen(bulk, actor)
    return {
        "bulk": bulk, "found": found, "is_sample": found.is_sample,
        "named": bulk_words.named(bulk.act, bulk.total), "effect": bulk_words.EFFECT[bulk.act],
        "why_not": _reasons(found), "calls": found.calls.most_common(),
        "held_up": parked.held_up(call.participant for call in found.calls),
        "form": form or BulkForm(act=bulk.act, total=bulk.total),
    }  # fmt: skip


def why_not(error: str) -> str:
    """Why one saga was refused, in the reader's language."""
    return str(bulk_words.WHY_NOT.get(error) or reasons.why_not(error)) if error else ""


def _reasons(found: Foreseen) -> list[tuple[str, int]]:
    """Those that differ only in what the reader is not told are one."""
    told: dict[str, int] = {}
    for error, number in found.reasons.items():
        told[why_not(error)] = told.get(why_not(error), 0) + number
    return sorted(told.items(), key=lambda one: -one[1])[:SHOWN_REASONS]


@dataclass(frozen=True, slots=True)
class Tab:
    """A link to the items with one result; "" is all of them."""

    result: str
    look: Look | None
    number: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One item, its result, and the saga as it is now, if there is one."""

    item: BulkItem
    look: Look
    saga: Saga | None
    why_not: str


class BulkSheet:
    """One bulk act as its page shows it. Raises Bulk.DoesNotExist; WrongCursor when its items are read."""

    def __init__(self, bulk_id: Any, actor: Actor, params: QueryDict) -> None:
        self.bulk, self.outcomes = queries.bulk_now(bulk_id)
        self.actor = actor
        self.result = params.get("result", "") if params.get("result") in RESULTS else ""
        self.cursor = params.get("cursor")

    @property
    def named(self) -> str:
        return bulk_words.named(self.bulk.act, self.bulk.total)

    @property
    def look(self) -> Look:
        return bulk_words.STATUS[self.bulk.status]

    @property
    def left(self) -> int:
        return self.bulk.total - self.bulk.acted_on

    @property
    def halted(self) -> str:
        return str(bulk_words.HALTED.get(self.bulk.halted_because, ""))

    @property
    def nobody_came(self) -> bool:
        """It is due, and no worker has taken it up."""
        due_at = self.bulk.due_at
        return due_at is not None and timezone.now() - due_at > NOBODY_CAME

    @property
    def is_looking(self) -> bool:
        """A canary that waits for what becomes of its first sagas."""
        running = self.bulk.status == Bulk.Status.RUNNING
        return running and self.bulk.done_limit is not None and self.bulk.done >= self.bulk.done_limit

    @property
    def may_steer(self) -> bool:
        return self.actor.may(ACTS[self.bulk.act].permission)

    @property
    def may_go_on(self) -> bool:
        return self.bulk.status in (Bulk.Status.PAUSED, Bulk.Status.HALTED)

    @property
    def is_running(self) -> bool:
        return self.bulk.status == Bulk.Status.RUNNING

    @property
    def tabs(self) -> list[Tab]:
        numbers = {
            "": self.bulk.total, BulkItem.Result.PENDING: self.left, BulkItem.Result.DONE: self.bulk.done,
            BulkItem.Result.REFUSED: self.bulk.refused, UNDER_WAY: self.outcomes.under_way,
            FAILED_AGAIN: self.outcomes.failed_again,
        }  # fmt: skip
        return [Tab(name, bulk_words.RESULT.get(name), n, name == self.result) for name, n in numbers.items()]

    @cached_property
    def page(self) -> Page[BulkItem]:
        items = queries.items_of(self.bulk.pk, self.result)
        return queries.page(items, cursor=self.cursor, order=("position",))

    @cached_property
    def rows(self) -> list[Row]:
        sagas = Saga.objects.in_bulk([item.saga_id for item in self.page.items])
        return [
            Row(item, bulk_words.RESULT[item.result], sagas.get(item.saga_id), why_not(item.error))
            for item in self.page.items
        ]
