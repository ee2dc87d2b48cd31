"""What a drain tells the monitoring: calls, ends, batches. Counted in memory, written with the heartbeat."""

import contextlib
import logging
from collections.abc import Iterable

import psycopg

from orchestration.drain.calls import Finished
from orchestration.drain.connections import GONE, Connection
from orchestration.participants.transports import SUB_SAGA
from orchestration.store.figures import ADD, Figures, parameters
from orchestration.store.rows import SagaChange

logger = logging.getLogger(__name__)
# The next heartbeat comes on the same connection: figures wait for nobody.
NOT_FOR_LONG = "SET LOCAL lock_timeout = '500ms'"
LOCKED = psycopg.errors.LockNotAvailable


def call_ended(figures: Figures, ended: Finished) -> None:
    attempt = ended.attempt
    series = ("call_duration_seconds", ended.participant or SUB_SAGA, attempt.direction, attempt.outcome)
    figures.observe(series, (attempt.finished_at - attempt.started_at).total_seconds())


def claimed(figures: Figures, changes: Iterable[SagaChange], number: int) -> None:
    """A batch of `number` sagas was claimed; calls that were lost with an earlier owner stand in their changes."""
    if number:
        figures.observe(("claim_batch_sagas",), number)
    if lost := sum(len(change.attempts) for change in changes):
        figures.count("calls_lost_total", by=lost)


async def write(figures: Figures, connection: Connection) -> None:
    """Add what came together to the database. What could not be written is kept for the next time.

    Raises psycopg.OperationalError when the connection is gone.
    """
    rows = figures.take()
    if not rows:
        return
    try:
        async with connection.transaction():
            await connection.execute(NOT_FOR_LONG)
            await connection.execute(ADD, parameters(rows))
    except BaseException as error:
        figures.put_back(rows)
        if not isinstance(error, psycopg.Error) or (isinstance(error, GONE) and not isinstance(error, LOCKED)):
            raise
        logger.warning("figures were not written: %s", error)


async def write_last(figures: Figures, connection: Connection) -> None:
    """At the drain's end, when there is no next time."""
    with contextlib.suppress(*GONE):
        await write(figures, connection)
