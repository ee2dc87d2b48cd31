"""Wake-ups: what makes a drain look, and what makes open pages look. Hints only; the dispatcher heals lost ones."""

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from threading import Lock
from typing import Any
from uuid import UUID

import django_rq
from django.conf import settings
from django.db import connection, transaction
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from orchestration.core import parking
from orchestration.store import leases

logger = logging.getLogger(__name__)
DUE_CHANNEL = "saga_due"
CHANGED_CHANNEL = "saga_changed"
QUEUE = "drain"
HOUSEKEEPING_QUEUE = "housekeeping"
QUIET_SECONDS = 0.02
BURST_SECONDS = 0.25
MANY = 50
DRAIN_JOB = "orchestration.jobs.run_drain"
HOUSEKEEPING_JOB = "orchestration.jobs.run_housekeeping"
# Only a backstop: jobs end by their own clock, and a drain waits for calls that may take an hour.
JOB_SECONDS = 86_400


class Throttle:
    """At most one yes per `seconds`; the first after a silence at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = 0.0
        self._lock = Lock()

    def may(self) -> bool:
        with self._lock:
            now = time.monotonic()
            if now - self._last < self._seconds:
                return False
            self._last = now
            return True


_due_throttle = Throttle(QUIET_SECONDS)
_in_a_burst: ContextVar[bool] = ContextVar("in_a_burst", default=False)


def changed_payload(sagas: Sequence[tuple[UUID, int]] | None) -> str:
    """What pages are told: ids and revisions, or "many" (None)."""
    if sagas is None or len(sagas) > MANY:
        return '{"many": true}'
    return json.dumps({"sagas": [[str(saga_id), revision] for saga_id, revision in sagas]})


def launched(saga_id: UUID) -> None:
    """After the commit, tell drains and pages of a new saga; in a burst, only now and then."""
    transaction.on_commit(lambda: _announce_now_and_then(saga_id), robust=True)


def acted(saga_id: UUID, revision: int) -> None:
    """After the commit, tell drains and pages that somebody changed a saga; in a burst, whoever makes it tells."""
    if not _in_a_burst.get():
        transaction.on_commit(lambda: _announce([(saga_id, revision)]), robust=True)


@contextmanager
def in_a_burst() -> Iterator[Callable[[], None]]:
    """For whoever acts on many sagas in a row: call what it gives after each. It tells of "many" now and then, and
    once more at the end. When it ends badly nothing is told: the dispatcher and the pages look by themselves."""
    throttle = Throttle(BURST_SECONDS)
    token = _in_a_burst.set(True)
    try:
        yield lambda: announce_many() if throttle.may() else None
    finally:
        _in_a_burst.reset(token)
    announce_many()


def announce_many() -> None:
    """Tell drains and pages that something has changed, not what."""
    _announce(None)


def configured(participant: str) -> None:
    """After the commit, tell drains that a participant is to be called in another way, or may be called again."""
    transaction.on_commit(lambda: _notify(DUE_CHANNEL, parking.participant(participant)), robust=True)


def _notify(channel: str, payload: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [channel, payload])


def _announce_now_and_then(saga_id: UUID) -> None:
    if _due_throttle.may():
        _announce([(saga_id, 0)])


def _announce(sagas: Sequence[tuple[UUID, int]] | None) -> None:
    statement = f"SELECT pg_notify(%s, ''), pg_notify(%s, %s), ({leases.COUNT_DRAINS})"
    with connection.cursor() as cursor:
        cursor.execute(statement, [DUE_CHANNEL, CHANGED_CHANNEL, changed_payload(sagas)])
        row: Any = cursor.fetchone()
    if row[2] == 0:
        enqueue_drain()


def enqueue_drain() -> bool:
    """Put one drain job into the queue. False when Redis cannot be reached: the dispatcher will try again."""
    return _enqueue(QUEUE, DRAIN_JOB)


def enqueue_housekeeping() -> bool:
    """The same for the worker that does bulk acts."""
    return _enqueue(HOUSEKEEPING_QUEUE, HOUSEKEEPING_JOB)


def queue(name: str = QUEUE) -> Any:
    """The drains' queue, or another. Jobs are enqueued at once: callers are past their commit."""
    return django_rq.get_queue(name, commit_mode="auto", connection=_redis())


def _enqueue(name: str, job: str) -> bool:
    try:
        queue(name).enqueue_call(job, timeout=JOB_SECONDS, result_ttl=0, failure_ttl=60)
    except RedisError as error:
        logger.warning("no wake-up was sent, Redis cannot be reached: %s", error)
        return False
    return True


@cache
def _redis() -> Redis:
    """Impatient: whoever launches or acts must not wait for a Redis that is away."""
    url = str(settings.RQ_QUEUES[QUEUE]["URL"])
    return Redis.from_url(url, socket_connect_timeout=1, socket_timeout=2, retry=Retry(NoBackoff(), 1))
