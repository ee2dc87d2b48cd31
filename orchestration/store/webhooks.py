"""Messages to webhooks: taken to be sent, and what became of them. They are written by RECORD, with what they tell."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

# A sender that has not told the outcome for so long has died: the message is due for others. A try takes 15 s at most.
LEASE = "60 seconds"
IS_DUE = """
SELECT EXISTS (
    SELECT FROM orchestration_webhookdelivery delivery JOIN orchestration_webhookendpoint endpoint
        ON endpoint.id = delivery.endpoint_id AND endpoint.enabled
    WHERE delivery.state = 'pending' AND delivery.due_at <= clock_timestamp())
"""

# What is for an endpoint that is switched off waits until that is on again.
# Taken by putting the next time off: no lock is held while it is sent, and two senders never take the same.
TAKE = f"""
WITH due AS (
    SELECT waiting.saga_id, waiting.seq, waiting.endpoint_id
    FROM orchestration_webhookdelivery waiting JOIN orchestration_webhookendpoint asked
        ON asked.id = waiting.endpoint_id AND asked.enabled
    WHERE waiting.state = 'pending' AND waiting.due_at <= clock_timestamp()
    ORDER BY waiting.due_at LIMIT %s FOR UPDATE OF waiting SKIP LOCKED
)
UPDATE orchestration_webhookdelivery delivery SET due_at = clock_timestamp() + interval '{LEASE}'
FROM due JOIN orchestration_webhookendpoint endpoint ON endpoint.id = due.endpoint_id
LEFT JOIN orchestration_saga saga ON saga.id = due.saga_id
LEFT JOIN orchestration_sagadefinition definition ON definition.id = saga.definition_id
LEFT JOIN orchestration_event event ON event.saga_id = due.saga_id AND event.seq = due.seq
WHERE delivery.saga_id = due.saga_id AND delivery.seq = due.seq AND delivery.endpoint_id = due.endpoint_id
RETURNING delivery.saga_id, delivery.seq, delivery.endpoint_id, delivery.event, delivery.at,
    jsonb_array_length(delivery.tries), delivery.due_at, endpoint.url, endpoint.secret,
    CASE WHEN endpoint.previous_until > clock_timestamp() THEN endpoint.previous_secret ELSE '' END,
    coalesce(saga.definition_name, ''), coalesce(definition.version, 0), coalesce(saga.business_key, ''),
    coalesce(event.reason, '')
"""  # noqa: S608  only this module's constants are put in

# The lease is compared, so that a sender that was frozen writes nothing about a message that another has taken.
FINISH = """
UPDATE orchestration_webhookdelivery SET
    state = %(state)s, tries = tries || %(attempt)s::jsonb,
    due_at = CASE WHEN %(state)s = 'pending' THEN clock_timestamp() + %(wait)s END,
    delivered_at = CASE WHEN %(state)s = 'delivered' THEN clock_timestamp() END
WHERE saga_id = %(saga_id)s AND seq = %(seq)s AND endpoint_id = %(endpoint_id)s AND state = 'pending'
    AND due_at = %(lease)s
"""
# What else is due for an endpoint that gave no answer waits a little: the next messages are somebody else's.
PUT_OFF = """
UPDATE orchestration_webhookdelivery SET due_at = clock_timestamp() + %s
WHERE endpoint_id = %s AND state = 'pending' AND due_at <= clock_timestamp()
"""
DISABLE = """
UPDATE orchestration_webhookendpoint SET enabled = FALSE, disabled_because = %s WHERE id = %s AND enabled
"""


class Message(NamedTuple):
    """One message to send. `tries`: how many were made. `lease`: ours until then. `secrets`: newest first."""

    saga_id: UUID
    seq: int
    endpoint_id: int
    event: str
    at: datetime
    tries: int
    lease: datetime
    url: str
    secrets: tuple[str, ...]
    definition: str
    version: int
    business_key: str
    reason: str

    @property
    def id(self) -> str:
        """The same for every try, so that the receiver can tell a repetition."""
        return f"{self.saga_id}.{self.seq}"


def is_due() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(IS_DUE)
        return bool(cursor.fetchone()[0])


def take(limit: int) -> list[Message]:
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [limit])
        return [_message(row) for row in cursor.fetchall()]


def finish(message: Message, *, state: str, attempt: str, wait: timedelta) -> bool:
    """Keep what became of a try (`attempt`: JSON); False when the message was taken by another meanwhile."""
    values: dict[str, Any] = {
        "state": state, "attempt": attempt, "wait": wait, "saga_id": message.saga_id, "seq": message.seq,
        "endpoint_id": message.endpoint_id, "lease": message.lease,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(FINISH, values)
        return bool(cursor.rowcount == 1)


def put_off(endpoint_id: int, wait: timedelta) -> None:
    with connection.cursor() as cursor:
        values: list[Any] = [wait, endpoint_id]
        cursor.execute(PUT_OFF, values)


def disable(endpoint_id: int, because: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(DISABLE, [because, endpoint_id])


def _message(row: Any) -> Message:
    *first, secret, previous, definition, version, business_key, reason = row
    secrets = tuple(filter(None, (secret, previous)))
    return Message._make([*first, secrets, definition, version, business_key, reason])
