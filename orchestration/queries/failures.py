"""Sagas that failed in the same way: definition, step, direction and error are the same but for ids and numbers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from orchestration.core.states import SagaStatus

STUCK = "stuck"
WENT_BACK = "went_back"
KINDS: dict[str, list[str]] = {
    STUCK: [SagaStatus.STUCK],
    WENT_BACK: [SagaStatus.COMPENSATING, SagaStatus.COMPENSATED],
}
# So many of the newest are looked at; older ones join their group when there is room. Nothing is to be done any more
# about those that went back.
CAPS = {STUCK: 10_000, WENT_BACK: 5_000}

# The step: one that has failed now, else the last one whose action ended with an error. Errors of undos stand in their
# attempts only. Ids and numbers in what was said make no group of their own.
_FAILED = r"""
WITH newest AS (
    SELECT one.* FROM unnest(%(statuses)s::text[]) AS wanted(status)
    CROSS JOIN LATERAL (
        SELECT id, definition_name, stuck_reason, created_at FROM orchestration_saga
        WHERE status = wanted.status ORDER BY id DESC LIMIT %(cap)s
    ) one
    ORDER BY id DESC LIMIT %(cap)s
), failed AS (
    SELECT newest.id, newest.definition_name, coalesce(step.name, '') AS step,
        coalesce(step.direction, '') AS direction,
        coalesce(told.error ->> 'code', '') AS code,
        coalesce(nullif(told.error ->> 'message', ''), nullif(newest.stuck_reason, ''), '') AS message,
        coalesce(told.at, newest.created_at) AS at
    FROM newest
    LEFT JOIN LATERAL (
        SELECT name, position, error,
            CASE WHEN status = 'compensation_failed' THEN 'compensation' ELSE 'action' END AS direction
        FROM orchestration_step
        WHERE saga_id = newest.id AND (status IN ('failed', 'compensation_failed') OR error IS NOT NULL)
        ORDER BY status IN ('failed', 'compensation_failed') DESC, position DESC LIMIT 1
    ) step ON true
    LEFT JOIN LATERAL (
        SELECT error, finished_at FROM orchestration_attempt
        WHERE saga_id = newest.id AND position = step.position AND direction = step.direction
        ORDER BY number DESC LIMIT 1
    ) attempt ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(attempt.error, CASE WHEN step.direction = 'action' THEN step.error END) AS error,
            attempt.finished_at AS at
    ) told
), alike AS (
    SELECT id, definition_name, step, direction, code, at, left(regexp_replace(message,
        '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+', '#', 'gi'), 200) AS message
    FROM failed
), keyed AS (
    SELECT *, md5(concat_ws('|', definition_name, step, direction, code, message)) AS key FROM alike
)
"""
_GROUPS = f"""{_FAILED}
SELECT key, definition_name, step, direction, code, message, count(*), min(at), max(at) FROM keyed
GROUP BY key, definition_name, step, direction, code, message ORDER BY count(*) DESC, max(at) DESC
LIMIT %(groups)s
"""  # noqa: S608  only this module's constants are put in
_MEMBERS = (
    f"{_FAILED} SELECT id, definition_name, step, direction, code, message FROM keyed WHERE key = %(key)s ORDER BY id"  # noqa: S608
)
MAX_GROUPS = 200


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """`step`, `direction`, `code`: "" where there is none. `first_at`, `last_at`: of the last failure of each saga."""

    key: str
    definition: str
    step: str
    direction: str
    code: str
    message: str
    number: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Members:
    """The sagas of one group as they are now, oldest first; `told`: the group in words that are kept."""

    saga_ids: list[UUID]
    told: dict[str, str]


def failure_groups(kind: str) -> list[FailureGroup]:
    """The groups of that kind (a key of KINDS), the largest first; at most MAX_GROUPS of CAPS[kind] sagas."""
    values = {"statuses": KINDS[kind], "cap": CAPS[kind], "groups": MAX_GROUPS}
    return [FailureGroup(*row) for row in _rows(_GROUPS, values)]


def members_of(kind: str, key: str) -> Members:
    """Empty when the group is no more."""
    rows = _rows(_MEMBERS, {"statuses": KINDS[kind], "cap": CAPS[kind], "key": key})
    names = ("definition", "step", "direction", "code", "error")
    told = {name: text for name, text in zip(names, rows[0][1:], strict=True) if text} if rows else {}
    return Members([row[0] for row in rows], told)


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
