"""The same reads and the same write for whoever is not a drain: one saga, on Django's connection."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from orchestration.core.definitions import SagaDefinition
from orchestration.store import read
from orchestration.store.figures import Figures, add_now, saga_landed
from orchestration.store.parked import NEXT_IN_LINE
from orchestration.store.record import RECORD, parameters, recorded
from orchestration.store.rows import SagaChange, StoredSaga, stored_sagas


def definition_of(saga_id: UUID) -> int | None:
    """The id of the definition's version that the saga runs; None: there is no such saga."""
    rows = _all("SELECT definition_id FROM orchestration_saga WHERE id = %s", saga_id)
    return rows[0][0] if rows else None


def load(saga_id: UUID, definition: SagaDefinition, *, lock: bool) -> tuple[StoredSaga, datetime]:
    """The saga and the database's time. With `lock` (in a transaction) nobody else writes it until the end."""
    statement = read.LOAD if lock else read.LOAD.replace("FOR NO KEY UPDATE OF s", "")
    sagas = _all(statement, [saga_id])
    stored = stored_sagas(
        sagas,
        _all(read.STEPS, [saga_id]),
        _all(read.OUTPUTS, [saga_id], [saga_id]),
        {row[1]: definition for row in sagas},
    )
    return stored[0], _all("SELECT clock_timestamp()")[0][0]


def record(saga: StoredSaga, change: SagaChange) -> bool:
    """Write `change` of `saga` in a transaction; False when the saga has moved on since it was read."""
    landed = change.id in recorded(_all(RECORD, *parameters([change]))[0]).landed
    if landed:
        _record_rarities(change)
        if saga.lock_key is not None and change.finished_at is not None:
            with connection.cursor() as cursor:
                cursor.execute(NEXT_IN_LINE, [[saga.definition.name], [saga.lock_key]])
        told = Figures()
        saga_landed(told, saga, change)
        transaction.on_commit(lambda: add_now(told), robust=True)
    return landed


# What only people and callbacks write: it stays out of the drains' statement.
SAID = """
UPDATE orchestration_step SET output = coalesce(%s::jsonb, output), edited_input = coalesce(%s::jsonb, edited_input)
WHERE saga_id = %s AND position = %s
"""


# It counts for no revision and no outside write: whoever has read the saga may write on what was read.
NOTED = """
WITH noted AS (
    UPDATE orchestration_saga SET journal_length = journal_length + 1 WHERE id = %s
    RETURNING id, journal_length, status, epoch, revision
), journal AS (
    INSERT INTO orchestration_event (saga_id, seq, at, kind, status, epoch, actor, moves, reason)
    SELECT id, journal_length, clock_timestamp(), %s, status, epoch, %s, '', %s FROM noted
)
SELECT revision FROM noted
"""


def note(saga_id: UUID, *, kind: str, actor: str, text: str) -> int:
    """Add a row without moves to the journal, whatever goes on meanwhile; the saga's revision, which stays."""
    revision: int = _all(NOTED, saga_id, kind, actor, text)[0][0]
    return revision


def _record_rarities(change: SagaChange) -> None:
    for step in change.steps:
        position = step.definition.index
        output = change.step_outputs.get(position)
        edited = None if step.edited_input is None else json.dumps(step.edited_input)
        if output is not None or edited is not None:
            with connection.cursor() as cursor:
                cursor.execute(SAID, [output, edited, change.id, position])


def _all(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
