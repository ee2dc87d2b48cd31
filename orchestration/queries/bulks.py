"""Questions about bulk acts that pages and API share."""

from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from orchestration.core.states import SagaStatus
from orchestration.models import Bulk, BulkItem, Saga
from orchestration.store import bulks
from orchestration.store.bulks import Outcomes

FAILED_AGAIN = "failed_again"
UNDER_WAY = "under_way"
RESULTS = (*BulkItem.Result.values, FAILED_AGAIN, UNDER_WAY)


class BulkNow(NamedTuple):
    """A bulk, and what became of the sagas on which it was done."""

    bulk: Bulk
    outcomes: Outcomes


def started_bulks() -> QuerySet[Bulk]:
    return Bulk.objects.exclude(status=Bulk.Status.DRAFT)


def bulk_now(bulk_id: UUID) -> BulkNow:
    """Raises Bulk.DoesNotExist, also for one that was never started."""
    return BulkNow(started_bulks().get(pk=bulk_id), bulks.outcomes(bulk_id))


def items_of(bulk_id: UUID, result: str = "") -> QuerySet[BulkItem]:
    """The items with that result (one of RESULTS; "": all), each with `status`, its saga's status now (None: no such
    saga). The last two results are what became of sagas on which it was done."""
    saga = Saga.objects.filter(pk=OuterRef("saga_id"))
    items = BulkItem.objects.filter(bulk_id=bulk_id).annotate(status=_of(saga, "status"))
    if result == FAILED_AGAIN:
        later = items.annotate(now_at=_of(saga, "revision")).filter(now_at__gt=F("acted_revision"))
        return later.filter(_now_in(SagaStatus.STUCK), result=BulkItem.Result.DONE, status=SagaStatus.STUCK)
    if result == UNDER_WAY:
        moving = (SagaStatus.PENDING, SagaStatus.RUNNING, SagaStatus.COMPENSATING)
        held = items.annotate(paused=_of(saga, "paused"))
        return held.filter(_now_in(*moving), result=BulkItem.Result.DONE, status__in=moving, paused=False)
    return items.filter(result=result) if result else items


def _now_in(*statuses: SagaStatus) -> Q:
    """An index tells which sagas these are, and few are: the others need not be looked up one by one."""
    return Q(saga_id__in=Saga.objects.filter(status__in=statuses).values("pk"))


def _of(saga: QuerySet[Saga], column: str) -> Any:
    return Subquery(saga.values(column)[:1])
