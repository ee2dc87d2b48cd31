"""What would pile up: webhook messages that are over, and ends that no consumer comes to tell. Cut now and then.

A saga's id begins with its time (UUIDv7), so the oldest rows stand first in the primary keys, and no index is needed.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

TURN = "30 seconds"
AT_ONCE, ROUNDS = 10_000, 10
# One dispatcher takes the turn, and nobody before the next.
TAKE_TURN = f"""
INSERT INTO orchestration_enginestate AS state (name, value, at) VALUES ('pruned', 0, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET at = clock_timestamp() WHERE state.at < clock_timestamp() - interval '{TURN}'
RETURNING 1
"""  # noqa: S608  only this module's constants are put in
# Parameters: the first id of that age, the age, how many.
OLD_DELIVERIES = """
DELETE FROM orchestration_webhookdelivery delivery USING (
    SELECT saga_id, seq, endpoint_id FROM orchestration_webhookdelivery
    WHERE saga_id < %s AND state <> 'pending' AND at < clock_timestamp() - %s
    ORDER BY saga_id, seq, endpoint_id LIMIT %s FOR UPDATE SKIP LOCKED
) old
WHERE (delivery.saga_id, delivery.seq, delivery.endpoint_id) = (old.saga_id, old.seq, old.endpoint_id)
"""
# Parameters: how many to keep, how many to delete. What waits to be sent is not the log, and stays.
TOO_MANY_DELIVERIES = """
DELETE FROM orchestration_webhookdelivery delivery USING (
    SELECT saga_id, seq, endpoint_id FROM orchestration_webhookdelivery
    WHERE saga_id <= (
        SELECT saga_id FROM orchestration_webhookdelivery ORDER BY saga_id DESC, seq DESC, endpoint_id DESC
        OFFSET %s LIMIT 1)
        AND state <> 'pending'
    ORDER BY saga_id, seq, endpoint_id LIMIT %s FOR UPDATE SKIP LOCKED
) old
WHERE (delivery.saga_id, delivery.seq, delivery.endpoint_id) = (old.saga_id, old.seq, old.endpoint_id)
"""
# Parameters: how many to keep, how many to delete. Counted in the same statement, so that none is lost unsaid.
TOO_MANY_ANNOUNCEMENTS = """
WITH dropped AS (
    DELETE FROM orchestration_announcement row USING (
        SELECT channel, saga_id, seq FROM orchestration_announcement
        WHERE (channel, saga_id, seq) <= (
            SELECT channel, saga_id, seq FROM orchestration_announcement
            ORDER BY channel DESC, saga_id DESC, seq DESC OFFSET %s LIMIT 1)
        ORDER BY channel, saga_id, seq LIMIT %s FOR UPDATE SKIP LOCKED
    ) old
    WHERE (row.channel, row.saga_id, row.seq) = (old.channel, old.saga_id, old.seq) RETURNING 1
)
INSERT INTO orchestration_enginestate AS state (name, value, at)
SELECT 'announce:dropped', count(*), clock_timestamp() FROM dropped HAVING count(*) > 0
ON CONFLICT (name) DO UPDATE SET value = state.value + excluded.value, at = clock_timestamp()
"""
COUNT_DROPPED = "SELECT coalesce(sum(value), 0) FROM orchestration_enginestate WHERE name = 'announce:dropped'"


class Pruned(NamedTuple):
    """How many rows one turn has deleted: of the webhooks' log, and of ends that were not told."""

    deliveries: int
    announcements: int


def prune(*, log_age: timedelta, log_rows: int, announcements: int) -> Pruned | None:
    """A turn; None when it was taken a moment ago. 100,000 rows of each kind go in one turn at most."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE_TURN)
        if cursor.fetchone() is None:
            return None
        cursor.execute(COUNT_DROPPED)
        before = cursor.fetchone()[0]
    oldest = first_id_at(datetime.now(UTC) - log_age)
    gone = _in_rounds(OLD_DELIVERIES, [oldest, log_age]) + _in_rounds(TOO_MANY_DELIVERIES, [log_rows])
    with connection.cursor() as cursor:
        cursor.execute(TOO_MANY_ANNOUNCEMENTS, [announcements, AT_ONCE * ROUNDS])
        cursor.execute(COUNT_DROPPED)
        return Pruned(gone, int(cursor.fetchone()[0] - before))


def first_id_at(moment: datetime) -> UUID:
    """No saga that was launched at `moment` or later has a smaller id."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


def _in_rounds(statement: str, values: list[Any]) -> int:
    """In several transactions, so that no lock lasts long."""
    gone = 0
    for _round in range(ROUNDS):
        with connection.cursor() as cursor:
            cursor.execute(statement, [*values, AT_ONCE])
            gone += cursor.rowcount
            if cursor.rowcount < AT_ONCE:
                break
    return gone
