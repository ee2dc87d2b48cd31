"""Reads the facts: the saga tables by SQL, the ledgers and books from the participants themselves."""

from collections.abc import Mapping
from typing import Any, TypeVar

import psycopg
from psycopg.rows import class_row

from tests.faults.facts import Attempt, Audited, Books, Effect, Event, Saga, Step
from tests.faults.rest import Rest

Connection = psycopg.AsyncConnection[Any]
Row = TypeVar("Row")
SAGAS = """
SELECT saga.id::text AS id, status, business_key, epoch, journal_length, paused, parked_on, due_at, stuck_reason,
    created_at, finished_at, parent_id::text AS parent_id, restarted_from_id::text AS restarted_from,
    restarted_as_id::text AS restarted_as,
    EXISTS (SELECT FROM orchestration_drain d WHERE d.id = saga.drain_id AND d.until > clock_timestamp()) AS owned
FROM orchestration_saga saga
"""
STEPS = """
SELECT step.saga_id::text AS saga_id, step.position, step.name, step.status, planned.kind,
    step.origin_saga_id::text AS origin, step.child_saga_id::text AS child
FROM orchestration_step step JOIN orchestration_saga saga ON saga.id = step.saga_id
JOIN orchestration_definitionstep planned USING (definition_id, position)
ORDER BY step.saga_id, step.position
"""
EVENTS = """
SELECT saga_id::text AS saga_id, seq, status, epoch, moves, kind, reason, at FROM orchestration_event
ORDER BY orchestration_event.saga_id, seq
"""
ATTEMPTS = """
SELECT saga_id::text AS saga_id, position, direction, number, epoch, outcome, started_at, finished_at, fault
FROM orchestration_attempt ORDER BY orchestration_attempt.saga_id, position, direction, number
"""
LIVE = "SELECT count(*) FROM orchestration_saga WHERE status IN ('pending', 'running', 'compensating')"
OVERDUE = (
    SAGAS
    + """
WHERE status IN ('pending', 'running', 'compensating') AND NOT paused
    AND (due_at IS NULL OR due_at < clock_timestamp() - interval '60 seconds')
    AND NOT EXISTS (SELECT FROM orchestration_drain d WHERE d.id = saga.drain_id AND d.until > clock_timestamp())
"""
)
AUDITED = """
SELECT saga_id::text AS saga_id, act, reason, granted FROM orchestration_auditentry
WHERE saga_id IS NOT NULL AND via = 'rest' AND act <> 'launch'
"""
AUDIT_ROWS = "SELECT count(*) FROM orchestration_auditentry"
UNSEALED = "SELECT count(*) FROM orchestration_auditwaiting"
HELD = """
SELECT saga.id::text FROM orchestration_saga saga JOIN orchestration_drain drain ON drain.id = saga.drain_id
WHERE drain.pid = ANY(%s)
"""
PAUSED = SAGAS + "WHERE paused AND finished_at IS NULL"
APPROVALS = """
SELECT DISTINCT step.saga_id::text FROM orchestration_step step
JOIN orchestration_saga saga ON saga.id = step.saga_id
JOIN orchestration_definitionstep planned USING (definition_id, position)
WHERE step.status = 'waiting' AND planned.kind = 'approval'
"""
STUCK = SAGAS + "WHERE status = 'stuck' ORDER BY id"
COUNTER = "SELECT coalesce(sum(value), 0)::bigint FROM orchestration_enginestate WHERE name = %s"


async def connect(url: str) -> Connection:
    """An autocommit connection of the checker's own."""
    return await psycopg.AsyncConnection.connect(url, autocommit=True, application_name="sagaconsole faults checker")


async def rows(connection: Connection, kind: type[Row], statement: str) -> list[Row]:
    """The rows of `statement`, whose columns are the fields of `kind`."""
    async with connection.cursor(row_factory=class_row(kind)) as cursor:
        return await (await cursor.execute(statement.encode())).fetchall()


async def texts(connection: Connection, statement: str, *values: Any) -> list[str]:
    """The first column of what `statement` gives."""
    cursor = await connection.execute(statement.encode(), values or None)
    return [str(row[0]) for row in await cursor.fetchall()]


async def number(connection: Connection, statement: str, *values: str) -> int:
    """The one number that `statement` gives."""
    row = await (await connection.execute(statement.encode(), values or None)).fetchone()
    return int(row[0]) if row else 0


async def books(rest: Rest, participants: Mapping[str, str]) -> Books:
    """Each participant's accounts, by its own tables."""
    return {name: (await rest.get(f"{url}/balances"))["accounts"] for name, url in participants.items()}


async def effects(rest: Rest, participants: Mapping[str, str]) -> list[Effect]:
    """All ledgers."""
    return [_effect(name, entry) for name, url in participants.items() for entry in await rest.ledger(url)]


async def run_facts(connection: Connection) -> dict[str, Any]:
    """The saga tables, as the fields of Facts."""
    return {
        "sagas": await rows(connection, Saga, SAGAS),
        "steps": await rows(connection, Step, STEPS),
        "events": await rows(connection, Event, EVENTS),
        "attempts": await rows(connection, Attempt, ATTEMPTS),
        "audited": await rows(connection, Audited, AUDITED),
    }


def _effect(participant: str, entry: Mapping[str, Any]) -> Effect:
    effect = entry["effect"]
    return Effect(
        participant, entry["saga_id"], entry["step"], entry["direction"], entry["epoch"],
        effect["account"], effect["counter_account"], effect["amount"],
    )  # fmt: skip
