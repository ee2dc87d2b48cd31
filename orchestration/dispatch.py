"""Wake-ups: what makes a drain look, and what makes open pages look. Hints only; the dispatcher heals lost ones."""

import json
import logging
import time
from collections.abc import Sequence
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

from orchestration.store import leases

logger = logging.getLogger(__name__)
DUE_CHANNEL = "saga_due"
CHANGED_CHANNEL = "saga_changed"
QUEUE = "drain"
QUIET_SECONDS = 0.02
MANY = 50
DRAIN_JOB = "orchestration.jobs.run_drain"
# Only a backstop: a drain ends by its own clock, and waits for calls that may take an hour.
DRAIN_JOB_SECONDS = 86_400


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


def changed_payload(sagas: Sequence[tuple[UUID, int]]) -> str:
    """What pages are told: ids and revisions, or "many"."""
    if len(sagas) > MANY:
        return '{"many": true}'
    return json.dumps({"sagas": [[str(saga_id), revision] for saga_id, revision in sagas]})


def launched(saga_id: UUID) -> None:
    """After the commit, tell drains and pages of a new saga; in a burst, only now and then."""
    transaction.on_commit(lambda: _announce_now_and_then(saga_id), robust=True)


def acted(saga_id: UUID, revision: int) -> None:
    """After the commit, tell drains and pages that somebody changed a saga."""
    transaction.on_commit(lambda: _announce([(saga_id, revision)]), robust=True)


def _announce_now_and_then(saga_id: UUID) -> None:
    if _due_throttle.may():
        _announce([(saga_id, 0)])


def _announce(sagas: Sequence[tuple[UUID, int]]) -> None:
    statement = f"SELECT pg_notify(%s, ''), pg_notify(%s, %s), ({leases.COUNT_DRAINS})"
    with connection.cursor() as cursor:
        cursor.execute(statement, [DUE_CHANNEL, CHANGED_CHANNEL, changed_payload(sagas)])
        row: Any = cursor.fetchone()
    if row[2] == 0:
        enqueue_drain()


def enqueue_drain() -> bool:
    """Put one drain job into the queue. False when Redis cannot be reached: the dispatcher will try again."""
    try:
        queue().enqueue_call(DRAIN_JOB, timeout=DRAIN_JOB_SECONDS, result_ttl=0, failure_ttl=60)
    except RedisError as error:
        logger.warning("no wake-up was sent, Redis cannot be reached: %s", error)
        return False
    return True


def queue() -> Any:
    """The drains' queue. Jobs are enqueued at once: callers are past their commit."""
    return django_rq.get_queue(QUEUE, commit_mode="auto", connection=_redis())


@cache
def _redis() -> Redis:
    """Impatient: whoever launches or acts must not wait for a Redis that is away."""
    url = str(settings.RQ_QUEUES[QUEUE]["URL"])
    return Redis.from_url(url, socket_connect_timeout=1, socket_timeout=2, retry=Retry(NoBackoff(), 1))
