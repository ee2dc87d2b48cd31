"""When a whole batch cannot be claimed: one saga at a time, so that the guilty one alone becomes stuck."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg

from orchestration import advance
from orchestration.about import about
from orchestration.drain import reading, records
from orchestration.drain.connections import GONE
from orchestration.store.rows import SagaChange, StoredSaga

if TYPE_CHECKING:
    from orchestration.drain.loop import Drain

logger = logging.getLogger(__name__)
ChangeOf = Callable[[StoredSaga, str | None], SagaChange]
REASON = "it could not be taken up: the database refuses what would be written"


async def claim_one_by_one(drain: "Drain", seen: Sequence[StoredSaga], error: psycopg.Error) -> None:
    """Claim each of `seen` in a transaction of its own. What cannot be claimed even so becomes stuck."""
    logger.error("drain %s: a batch of %d could not be claimed: %s", drain.lease.id, len(seen), error)
    for saga in seen:
        try:
            await _claim(drain, saga.id, saga.epoch)
        except GONE:
            return  # the next statement of the loop finds the connection gone, and makes a new one


async def _claim(drain: "Drain", saga_id: UUID, epoch: int) -> None:
    try:
        await _write(
            drain, saga_id, epoch, lambda saga, out: advance.claimed(saga, drain.claimer, drain.clock.now(), out)
        )
    except GONE:
        raise
    except psycopg.Error as error:
        logger.error("saga %s could not be claimed: %s", saga_id, error, extra=about(saga_id, epoch=epoch))
        await _write(
            drain, saga_id, epoch, lambda saga, _out: advance.cannot_go_on(saga, REASON, (), drain.clock.now())
        )


async def _write(drain: "Drain", saga_id: UUID, epoch: int, change_of: ChangeOf) -> None:
    async with drain.connection.transaction():
        sagas = [saga for saga in await reading.load(drain, [saga_id]) if (saga.epoch, saga.drain_id) == (epoch, None)]
        kept_out = await drain.gates.kept_out(sagas)
        changes = [change_of(saga, kept_out.get(saga.id)) for saga in sagas]
        if changes:
            await records.record(drain.connection, changes, drain.clock)
    for saga, change in zip(sagas, changes, strict=True):
        drain.held.landed(saga, change)
