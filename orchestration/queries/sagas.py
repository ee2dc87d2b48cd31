"""Questions about sagas and their steps that pages and API share."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from orchestration.core.states import UNDOING, Direction, SagaStatus, StepStatus
from orchestration.models import Attempt, Saga, Step

CAP = 10_000


class CappedCount(NamedTuple):
    """How many rows there are; `is_more` when there are more than were counted ("10,000+")."""

    number: int
    is_more: bool

    def __str__(self) -> str:
        return f"{self.number:,}{'+' if self.is_more else ''}"


def capped_count(queryset: QuerySet[Any], cap: int = CAP) -> CappedCount:
    """Counts no further than `cap`, so that a page costs the same with a million rows."""
    number = queryset.order_by().values("pk")[: cap + 1].count()
    return CappedCount(min(number, cap), number > cap)


def status_counts(sagas: QuerySet[Saga] | None = None) -> dict[SagaStatus, CappedCount]:
    """How many of `sagas` (all of them by default) are in each status."""
    found = Saga.objects.all() if sagas is None else sagas
    return {status: capped_count(found.filter(status=status)) for status in SagaStatus}


def saga_for_page(saga_id: UUID) -> Saga:
    """The saga with definition, input and steps. Raises Saga.DoesNotExist."""
    return Saga.objects.for_detail_page().get(pk=saga_id)


def outputs_of(saga_ids: Collection[UUID]) -> dict[tuple[UUID, int], Any]:
    """The output of each action that was done, by saga and position; what no attempt says stands on the step."""
    done = Attempt.objects.filter(
        saga_id__in=saga_ids, direction=Direction.ACTION, outcome=Attempt.Outcome.SUCCEEDED
    ).order_by("number")
    told = Step.objects.filter(saga_id__in=saga_ids, output__isnull=False)
    rows = [*done.values_list("saga_id", "position", "answer"), *told.values_list("saga_id", "position", "output")]
    return {(saga_id, position): answer for saga_id, position, answer in rows}


def waiting_until(step: Step) -> datetime | None:
    """When a wait ends by itself: for a participant's promised answer, a person's decision, a timer. None: no wait."""
    if step.child_saga_id is not None:
        return None  # it waits for the end of a sub-saga, however long that takes
    return step.answer_by or (step.due_at if step.status == StepStatus.WAITING else None)


def step_direction(step: Step) -> Direction:
    """Which way the step was called last, or is called now."""
    if step.status in UNDOING or step.compensation_attempts:
        return Direction.COMPENSATION
    return Direction.ACTION


def step_attempts(step: Step) -> int:
    """Tries in both directions."""
    return step.action_attempts + step.compensation_attempts


def parent_steps(sagas: Iterable[Saga]) -> dict[UUID, str]:
    """The name of the step that each sub-saga is, by the sub-saga's id; no query when there is none among `sagas`."""
    places = {saga.pk: (saga.parent_id, saga.parent_position) for saga in sagas if saga.parent_id is not None}
    if not places:
        return {}
    steps = Step.objects.filter(saga_id__in={parent for parent, _position in places.values()})
    names = {(saga_id, position): name for saga_id, position, name in steps.values_list("saga_id", "position", "name")}
    return {pk: names[place] for pk, place in places.items() if place in names}


def sub_sagas_of(steps: Iterable[Step]) -> dict[UUID, Saga]:
    """The sub-sagas that `steps` are, by id."""
    return Saga.objects.in_bulk([step.child_saga_id for step in steps if step.child_saga_id is not None])
