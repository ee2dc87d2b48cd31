"""What heals by itself: dead leases, sagas without an owner, parked sagas whose reason is gone, lost wake-ups.

Of drains and of bulk acts alike.
"""

import logging
from dataclasses import asdict, dataclass

from django.conf import settings
from django.db import connection
from redis.exceptions import RedisError
from rq import Worker

from orchestration import dispatch
from orchestration.store import bulks, flow, leases, parked, pruning, webhooks
from orchestration.store.figures import Figures, add_now

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """Counts of one round. `enqueued` is None when Redis could not be reached."""

    dead_drains: int
    released: int
    ownerless: int
    unparked: int
    enqueued: int | None


def sweep() -> Swept:
    """One round. Two dispatchers doing this at the same time do no harm."""
    with connection.cursor() as cursor:
        cursor.execute(leases.DISPATCHER_BEAT)
        cursor.execute(leases.RELEASE_LAPSED)
        dead, released = cursor.fetchone()
        cursor.execute(leases.RELEASE_OWNERLESS)
        ownerless = cursor.rowcount
        cursor.execute(leases.RELEASE_PARKED)
        unparked = cursor.rowcount
        cursor.execute(parked.HEAL_LOCKS)
        unparked += cursor.rowcount
        cursor.execute(flow.ORPHANED)
        cursor.execute(flow.FREE_AGAIN)
        if released or ownerless or unparked:
            cursor.execute("SELECT pg_notify(%s, '')", [dispatch.DUE_CHANNEL])
        cursor.execute(leases.COUNT_DRAINS)
        drains = cursor.fetchone()[0]
    swept = Swept(dead, released, ownerless, unparked, _wake_workers(drains))
    _count(swept)
    bulks.forget_drafts()
    _prune()
    if bulks.is_due() or webhooks.is_due():
        _wake_the_housekeeper()
    return swept


def _count(swept: Swept) -> None:
    figures = Figures()
    for what, number in asdict(swept).items():
        if number:
            figures.count("healed_total", what, by=number)
    add_now(figures)


def _prune() -> None:
    """Bound what would pile up. Ends that nobody tells are dropped only when there are very many, and never unsaid."""
    pruned = pruning.prune(
        log_age=settings.SAGA_WEBHOOK_LOG_AGE, log_rows=settings.SAGA_WEBHOOK_LOG_ROWS,
        announcements=settings.SAGA_ANNOUNCEMENTS,
    )  # fmt: skip
    if pruned and pruned.announcements:
        logger.warning("%s ends of sagas were not told and are dropped: no consumer tells them", pruned.announcements)


def _wake_workers(drains: int) -> int | None:
    """Enough drain jobs that every worker has one, counting the drains that are alive and the jobs that wait.

    One at least: a Redis that was emptied knows no workers until they tell of themselves again, but they listen.
    """
    try:
        queue = dispatch.queue()
        missing = max(1, Worker.count(queue=queue)) - drains - len(queue)
        for _number in range(max(0, missing)):
            dispatch.enqueue_drain()
    except RedisError as error:
        logger.warning("Redis cannot be reached, no worker can be woken: %s", error)
        return None
    return max(0, missing)


def _wake_the_housekeeper() -> None:
    """One job in the queue is enough: it takes up whatever is due."""
    try:
        if len(dispatch.queue(dispatch.HOUSEKEEPING_QUEUE)) == 0:
            dispatch.enqueue_housekeeping()
    except RedisError as error:
        logger.warning("Redis cannot be reached, no bulk act and no webhook can be taken up: %s", error)
