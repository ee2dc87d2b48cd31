"""What listeners are told of sagas that have ended: rows written with the end, taken, told, and forgotten.

While nobody listens on a channel no row is written for it. Who has taken a row and dies has it taken by another after
a while, so an end is told at least once. Source: the transactional outbox (Richardson, Microservices Patterns, 2018).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from orchestration import queries
from orchestration.models import Announcement, EngineState, Saga

AMQP = "announce:amqp"  # as RECORD has it
TAKEN_SECONDS = 10
DROPPED = "announce:dropped"
# Parameters: channel, how many, seconds.
TAKE = """
UPDATE orchestration_announcement row SET taken_until = clock_timestamp() + make_interval(secs => %s)
FROM (
    SELECT channel, saga_id, seq FROM orchestration_announcement
    WHERE channel = %s AND (taken_until IS NULL OR taken_until < clock_timestamp())
    ORDER BY channel, saga_id, seq LIMIT %s FOR UPDATE SKIP LOCKED
) free
WHERE (row.channel, row.saga_id, row.seq) = (free.channel, free.saga_id, free.seq)
RETURNING row.saga_id, row.seq, row.status
"""
FORGET = """
DELETE FROM orchestration_announcement row USING unnest(%s::uuid[], %s::int[]) AS told(saga_id, seq)
WHERE row.channel = %s AND row.saga_id = told.saga_id AND row.seq = told.seq
"""


class Ended(NamedTuple):
    """One end of one saga. `id` is the same however often it is told."""

    saga_id: UUID
    seq: int
    status: str
    definition: str
    body: dict[str, Any]

    @property
    def id(self) -> str:
        return f"{self.saga_id}:{self.seq}"


class Pile(NamedTuple):
    """Ends that wait to be told: how many, since when the oldest (None: none waits); how many were ever dropped."""

    waiting: int
    oldest_at: datetime | None
    dropped: int


def pile(channel: str) -> Pile:
    """What waits, for people. The oldest is that of the saga that was launched first."""
    rows = Announcement.objects.filter(channel=channel)
    oldest = rows.order_by("channel", "saga_id", "seq").first()
    dropped = EngineState.objects.filter(name=DROPPED).first()
    return Pile(rows.count(), oldest.at if oldest else None, dropped.value if dropped else 0)


def listen(channel: str) -> None:
    """From now on the ends of sagas are announced on `channel`; twice changes nothing."""
    EngineState.objects.get_or_create(name=channel)


def stop_listening(channel: str) -> None:
    """Nothing more is announced, and what was not told yet is forgotten."""
    EngineState.objects.filter(name=channel).delete()
    Announcement.objects.filter(channel=channel).delete()


def take(channel: str, limit: int) -> list[Ended]:
    """The oldest ends that nobody else is telling now, each with what is told."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [TAKEN_SECONDS, channel, limit])
        rows = sorted(cursor.fetchall())
    found = Saga.objects.filter(pk__in=[row[0] for row in rows])
    sagas = found.select_related("definition", "data").prefetch_related("steps")
    bodies = {saga.pk: _body(saga) for saga in sagas}
    if gone := [row for row in rows if row[0] not in bodies]:
        _delete(channel, gone)  # or they would be taken again and again, before all others
    return [
        Ended(saga_id, seq, status, bodies[saga_id]["definition"], bodies[saga_id])
        for saga_id, seq, status in rows
        if saga_id in bodies
    ]


def forget(channel: str, told: list[Ended]) -> None:
    """They were told."""
    _delete(channel, told)


def _delete(channel: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """`rows`: each begins with a saga's id and the entry in its journal."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET, [[row[0] for row in rows], [row[1] for row in rows], channel])


def _body(saga: Saga) -> dict[str, Any]:
    """No input and no outputs: secrets may stand in them."""
    finished = saga.finished_at
    return {
        "event": "saga.ended", "saga_id": str(saga.pk), "definition": saga.definition_name,
        "version": saga.definition.version, "status": saga.status, "business_key": saga.business_key,
        "trigger": saga.trigger, "launched_by": saga.launched_by, "created_at": saga.created_at.isoformat(),
        "finished_at": finished.isoformat() if finished else None,
        "open_effects": queries.open_effects(saga, list(saga.steps.all())),
    }  # fmt: skip
