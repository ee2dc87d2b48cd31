"""Who works, for how long they may, and what waits: PostgreSQL says what is so, Redis only who listens."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.worker import BaseWorker

from orchestration import dispatch, queries
from orchestration.console.words import Word
from orchestration.queries import Now

logger = logging.getLogger(__name__)
SHOWN = 200
# How many leases are shown at most. `left` is negative when the lease is over; times are the database's.
_DRAINS = """
SELECT id, host, pid, started_at, until - clock_timestamp(), in_flight FROM orchestration_drain
ORDER BY until <= clock_timestamp() DESC, started_at LIMIT %s
"""
HEALED: dict[str, Word] = {
    "enqueued": _("wake-ups that were lost"),
    "dead_drains": _("leases of drains that had died"),
    "released": _("sagas set free from dead drains"),
    "ownerless": _("sagas whose owner was unknown"),
    "unparked": _("parked sagas whose reason was gone"),
}
REFUSED: dict[str, Word] = {
    "stale_writes": _("writes of workers that had lost their sagas"),
    "lost_leases": _("drains that found their lease lost"),
}


@dataclass(frozen=True, slots=True)
class Lease:
    """One drain. `left`: until its lease ends; its sagas are free for others then."""

    drain_id: Any
    host: str
    pid: int
    started_at: datetime
    left: timedelta
    in_flight: int

    @property
    def is_dead(self) -> bool:
        return self.left <= timedelta(0)


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker process as it told Redis of itself."""

    name: str
    host: str
    pid: int | None
    state: str
    queues: list[str]
    since: datetime | None
    heard_at: datetime | None
    jobs: int
    failed: int


@dataclass(frozen=True, slots=True)
class QueueRow:
    """Jobs of one queue: waiting, being run, and failed ones that are kept for a while."""

    name: str
    waiting: int
    running: int
    failed: int


@dataclass(frozen=True, slots=True)
class Told:
    """What Redis tells; `is_there` False: it cannot be reached, and nothing is known."""

    is_there: bool
    workers: list[WorkerRow]
    queues: list[QueueRow]

    @property
    def waiting(self) -> int:
        return sum(queue.waiting for queue in self.queues)


@dataclass(frozen=True, slots=True)
class EngineRoom:
    now: Now
    leases: list[Lease]
    told: Told
    healed: list[tuple[Word, int]]
    refused: list[tuple[Word, int]]

    @property
    def parked(self) -> int:
        return sum(self.now.parked.values())

    @property
    def dead(self) -> int:
        return sum(lease.is_dead for lease in self.leases)


def engine_room() -> EngineRoom:
    """How things stand now."""
    now = queries.standing_now()
    return EngineRoom(
        now, _leases(), told_by_redis(),
        healed=_named(HEALED, {one.labels[0]: one.count for one in queries.kept_figures("healed_total")}),
        refused=_named(REFUSED, now.engine),
    )  # fmt: skip


def told_by_redis() -> Told:
    try:
        redis = dispatch.queue().connection
        workers = [_worker(worker) for worker in Worker.all(connection=redis)]
        queues = [_queue(Queue(name, connection=redis)) for name in settings.RQ_QUEUES]
    except RedisError as error:
        logger.warning("Redis cannot be reached, its workers and queues cannot be shown: %s", error)
        return Told(False, [], [])
    return Told(True, sorted(workers, key=lambda worker: (worker.host, worker.pid or 0)), queues)


def _leases() -> list[Lease]:
    with connection.cursor() as cursor:
        cursor.execute(_DRAINS, [SHOWN])
        return [Lease(*row) for row in cursor.fetchall()]


def _worker(worker: BaseWorker) -> WorkerRow:
    return WorkerRow(
        name=worker.name, host=worker.hostname or "", pid=worker.pid, state=str(worker.get_state()),
        queues=list(worker.queue_names()), since=_in_utc(worker.birth_date), heard_at=_in_utc(worker.last_heartbeat),
        jobs=worker.successful_job_count, failed=worker.failed_job_count,
    )  # fmt: skip


def _queue(queue: Queue) -> QueueRow:
    # Not `get_job_ids` and the like, which clean up as they look: this page changes nothing.
    registries = (queue.started_job_registry, queue.failed_job_registry)
    counts = [queue.connection.zcard(registry.key) for registry in registries]
    return QueueRow(queue.name, len(queue), *counts)


def _in_utc(moment: datetime | None) -> datetime | None:
    """RQ gives some times without a zone; they are UTC."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _named(words: dict[str, Word], numbers: dict[str, int]) -> list[tuple[Word, int]]:
    return [(word, numbers.get(name, 0)) for name, word in words.items()]
