"""Writing batches of changes, and what to do when a batch does not land as it is."""

import logging
from collections.abc import Callable, Sequence
from uuid import UUID

import psycopg

from orchestration.about import about
from orchestration.drain.calls import without_words
from orchestration.drain.clock import DatabaseClock
from orchestration.drain.connections import GONE, Connection, connect
from orchestration.store import leases
from orchestration.store.record import (
    KEEP_ATTEMPTS,
    RECORD_NUMBERED,
    Recorded,
    attempt_parameters,
    parameters,
    recorded,
)
from orchestration.store.rows import AttemptRow, SagaChange

logger = logging.getLogger(__name__)
TRIES = 5
Rescue = Callable[[SagaChange], SagaChange]


async def record(connection: Connection, changes: Sequence[SagaChange], clock: DatabaseClock) -> Recorded:
    """One transaction for all of `changes` (at least one). Deadlocks and serialization errors are tried again.

    Raises psycopg.OperationalError when the connection is gone (the outcome is then unknown), psycopg.Error when the
    database refuses the data.
    """
    values = parameters(changes)
    for _try in range(TRIES - 1):
        try:
            return await _once(connection, values, clock)
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                raise  # the transaction around this statement is gone, and with it what was read
    return await _once(connection, values, clock)


async def _once(connection: Connection, values: list[str], clock: DatabaseClock) -> Recorded:
    [row] = await (await psycopg.AsyncRawCursor(connection).execute(RECORD_NUMBERED, values)).fetchall()
    result = recorded(row)
    clock.sync(result.now)
    return result


async def record_each(
    connection: Connection, changes: Sequence[SagaChange], clock: DatabaseClock, rescue: Rescue
) -> list[SagaChange]:
    """Like `record`, but a batch whose data the database refuses is split until the guilty saga is alone.

    For that one `rescue` makes the change that is written in its place. Returns the changes that landed, as written.
    """
    try:
        landed = (await record(connection, changes, clock)).landed
        return [change for change in changes if change.id in landed]
    except GONE:
        raise
    except psycopg.Error as error:
        if len(changes) == 1:
            [change] = changes
            logger.error("saga %s: its change could not be recorded: %s", change.id, error, extra=_about(change))
            instead = rescue(change)
            return [instead] if (await record(connection, [instead], clock)).landed else []
    half = len(changes) // 2
    first = await record_each(connection, changes[:half], clock, rescue)
    return first + await record_each(connection, changes[half:], clock, rescue)


def _about(change: SagaChange) -> dict[str, str | int]:
    called = [change.state.steps[attempt.position].definition.name for attempt in change.attempts]
    return about(change.id, step=",".join(called), epoch=change.epoch)


async def keep(connection: Connection, late: Sequence[tuple[UUID, AttemptRow]]) -> None:
    """Attempts whose answer came when the saga did not wait for it any more: history, and nothing else."""
    if not late:
        return
    try:
        await connection.execute(KEEP_ATTEMPTS, attempt_parameters(late))
    except GONE:
        raise
    except psycopg.Error as error:
        logger.error("late answers could not be stored as they are: %s", error)
        bare = [(saga_id, without_words(attempt)) for saga_id, attempt in late]
        await connection.execute(KEEP_ATTEMPTS, attempt_parameters(bare))


async def count(connection: Connection, name: str, by: int) -> None:
    """Add to a named counter of the engine, on a new connection if need be; a counter is no reason to fail."""
    try:
        await connection.execute(leases.COUNT_UP, [name, by])
    except GONE:
        try:
            async with await connect("sagaconsole drain") as another:
                await another.execute(leases.COUNT_UP, [name, by])
        except GONE as error:
            logger.warning("%d %s were not counted: %s", by, name, error)
