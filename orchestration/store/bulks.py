"""Bulk acts: freezing a set, taking a bulk, and one item after the other, each in its own transaction."""

from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

# A holder that has not finished an item for so long has died or is frozen: the bulk is due for others.
LEASE_SECONDS = 5.0
DRAFTS_LAST_SECONDS = 900.0

# A worker that is frozen in the midst of an item would hold the rows of bulk and saga until it wakes. PostgreSQL then
# ends its session instead, and what it had begun with it.
LET_NO_FROZEN_WORKER_HOLD_ROWS = f"SET idle_in_transaction_session_timeout = '{LEASE_SECONDS}s'"

_ITEM = "INSERT INTO orchestration_bulkitem (bulk_id, position, saga_id, seen_revision, result, code, error)"

# Doubled ids count once; ids without a saga are kept, so that they are reported. In the order that was given.
FREEZE_IDS = f"""
{_ITEM}
SELECT %s, row_number() OVER (ORDER BY wanted.position) - 1, wanted.id, saga.revision, 'pending', '', ''
FROM (SELECT id, min(position) AS position FROM unnest(%s::uuid[]) WITH ORDINALITY AS given (id, position) GROUP BY id)
    AS wanted
LEFT JOIN orchestration_saga saga ON saga.id = wanted.id
"""  # noqa: S608  only this module's constants are put in

# Oldest first. Between the parentheses comes the filter's own statement.
FREEZE_FOUND = f"""
{_ITEM}
SELECT %s, row_number() OVER (ORDER BY found.id) - 1, found.id, found.revision, 'pending', '', ''
FROM ("""  # noqa: S608  only this module's constants are put in

# Whoever takes it shuts out a holder that was frozen. Longest due first, so that bulks go on by turns.
TAKE = f"""
UPDATE orchestration_bulk SET holder = %s, due_at = clock_timestamp() + interval '{LEASE_SECONDS} seconds'
WHERE id = (
    SELECT id FROM orchestration_bulk WHERE status = 'running' AND due_at <= clock_timestamp()
    ORDER BY due_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id
"""  # noqa: S608  only this module's constants are put in

# The bulk's row is locked until the item's transaction ends: a pause or cancel that was answered is the last word, and
# a second worker on the same bulk can only wait, see that it is not the holder, and leave.
NEXT = """
WITH mine AS MATERIALIZED (
    SELECT id, done, refused, done_limit FROM orchestration_bulk
    WHERE id = %s AND holder = %s AND status = 'running' FOR NO KEY UPDATE
)
SELECT item.position, item.saga_id, item.seen_revision
FROM mine JOIN orchestration_bulkitem item
    ON item.bulk_id = mine.id AND item.position = mine.done + mine.refused AND item.result = 'pending'
WHERE mine.done_limit IS NULL OR mine.done < mine.done_limit
"""

FINISH = f"""
WITH item AS (
    UPDATE orchestration_bulkitem SET result = %s, code = %s, error = %s,
        acted_revision = %s, acted_at = clock_timestamp()
    WHERE bulk_id = %s AND position = %s AND result = 'pending' RETURNING bulk_id, result
)
UPDATE orchestration_bulk bulk SET
    due_at = clock_timestamp() + interval '{LEASE_SECONDS} seconds',
    done = done + (item.result = 'done')::int, refused = refused + (item.result = 'refused')::int
FROM item WHERE bulk.id = item.bulk_id
"""  # noqa: S608  only this module's constants are put in

# It goes on later: by another's hand, or when a canary's sagas may have come to rest.
LEAVE = """
UPDATE orchestration_bulk SET holder = NULL, due_at = clock_timestamp() + make_interval(secs => %s)
WHERE id = %s AND holder = %s AND status = 'running'
"""

IS_DUE = "SELECT EXISTS (SELECT FROM orchestration_bulk WHERE status = 'running' AND due_at <= clock_timestamp())"

# A set that somebody looked at and never started.
FORGET_DRAFTS = f"""
WITH old AS (
    SELECT id FROM orchestration_bulk
    WHERE status = 'draft' AND created_at < clock_timestamp() - interval '{DRAFTS_LAST_SECONDS} seconds'
    ORDER BY id LIMIT 10 FOR UPDATE SKIP LOCKED
), items AS (
    DELETE FROM orchestration_bulkitem WHERE bulk_id IN (SELECT id FROM old)
)
DELETE FROM orchestration_bulk WHERE id IN (SELECT id FROM old)
"""  # noqa: S608  only this module's constants are put in

# What became of the sagas on which it was done. Stuck at a later revision than the act left: failed again. Most have
# ended: which have not is read from an index alone, and only those are looked up, each by its key.
OUTCOMES = """
WITH live AS MATERIALIZED (
    SELECT id FROM orchestration_saga WHERE status IN ('pending', 'running', 'compensating', 'stuck')
)
SELECT count(*) FILTER (WHERE saga.status = 'stuck' AND saga.revision > item.acted_revision),
    count(*) FILTER (WHERE saga.status IN ('pending', 'running', 'compensating') AND NOT saga.paused)
FROM orchestration_bulkitem item JOIN live ON live.id = item.saga_id CROSS JOIN LATERAL (
    SELECT status, revision, paused FROM orchestration_saga WHERE id = live.id LIMIT 1
) saga
WHERE item.bulk_id = %s AND item.result = 'done'
"""


class Item(NamedTuple):
    position: int
    saga_id: UUID
    seen_revision: int | None


class Outcomes(NamedTuple):
    """Of the sagas on which it was done: stuck again, and still under way."""

    failed_again: int
    under_way: int


def freeze_ids(bulk_id: UUID, saga_ids: list[UUID]) -> int:
    """Make the items of `saga_ids`; how many there are."""
    return _write(FREEZE_IDS, bulk_id, saga_ids)


def freeze_filter(bulk_id: UUID, sagas: QuerySet[Any]) -> int:
    """Make the items of `sagas`, in one statement; how many there are."""
    statement, parameters = sagas.values("id", "revision").query.sql_with_params()
    return _write(f"{FREEZE_FOUND}{statement}) AS found", bulk_id, *parameters)


def begin_work() -> None:
    _write(LET_NO_FROZEN_WORKER_HOLD_ROWS)


def take(holder: UUID) -> UUID | None:
    """Become the holder of a bulk that is due; None: there is none."""
    rows = _rows(TAKE, holder)
    return rows[0][0] if rows else None


def next_item(bulk_id: UUID, holder: UUID) -> Item | None:
    """In a transaction, the item to act on; until its end nobody else acts on this bulk.

    None: there is none, or no more may be done before somebody has looked, or the bulk is not this holder's any more.
    """
    rows = _rows(NEXT, bulk_id, holder)
    return Item(*rows[0]) if rows else None


def finish(
    bulk_id: UUID, item: Item, *, result: str, code: str = "", error: str = "", revision: int | None = None
) -> None:
    """Write the item's result and count it, in the transaction that acted on it."""
    if _write(FINISH, result, code, error, revision, bulk_id, item.position) != 1:
        raise RuntimeError(f"item {item.position} of bulk {bulk_id} has its result already")


def leave(bulk_id: UUID, holder: UUID, *, for_seconds: float = 0.0) -> None:
    """Hold it no longer; it is due again `for_seconds` from now."""
    _write(LEAVE, for_seconds, bulk_id, holder)


def is_due() -> bool:
    return bool(_rows(IS_DUE)[0][0])


def outcomes(bulk_id: UUID) -> Outcomes:
    return Outcomes(*_rows(OUTCOMES, bulk_id)[0])


def forget_drafts() -> None:
    _write(FORGET_DRAFTS)


def _write(statement: str, *values: Any) -> int:
    """How many rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def _rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
