"""What the loop reads: due sagas to claim, and sagas that somebody else has written."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from orchestration.core.states import OUT
from orchestration.drain.calls import Finished
from orchestration.store import read
from orchestration.store.rows import StoredSaga, stored_sagas

if TYPE_CHECKING:
    from orchestration.drain.loop import Drain

_STATUS, _DUE_AT, _CONFIGURATION, _NOW = 2, 13, 18, 19
_BEGINNING = datetime.min.replace(tzinfo=UTC)
# A launch gets its due time before its commit, so rows may appear behind the newest that was claimed.
MARGIN = timedelta(seconds=2)
FULL_LOOK_SECONDS = 3.0


class LowWater:
    """Where the claim's two scans begin; from the very beginning again every few seconds."""

    def __init__(self) -> None:
        self.begun_from = self.new_from = _BEGINNING
        self._full_look_at = 0.0

    def before_claim(self) -> None:
        if time.monotonic() >= self._full_look_at:
            self.begun_from = self.new_from = _BEGINNING
            self._full_look_at = time.monotonic() + FULL_LOOK_SECONDS

    def after_claim(self, rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:
            due_at = row[_DUE_AT] - MARGIN
            if row[_STATUS] == "pending":
                self.new_from = max(self.new_from, due_at)
            else:
                self.begun_from = max(self.begun_from, due_at)


async def claim(drain: "Drain", *, room: int) -> list[StoredSaga]:
    """Due sagas that nobody else is claiming, locked: at most `room`, of the suspects or of everything else."""
    if drain.suspects.calling:
        cursor = await drain.connection.execute(read.CLAIM_APART, [drain.suspects.calling, room])
    else:
        drain.marks.before_claim()
        marks = {"begun_from": drain.marks.begun_from, "new_from": drain.marks.new_from, "room": room}
        cursor = await drain.connection.execute(read.CLAIM, marks)
    rows = await cursor.fetchall()
    if not drain.suspects.calling:
        drain.marks.after_claim(rows)
    return await _stored(drain, rows)


async def load(drain: "Drain", saga_ids: list[UUID]) -> list[StoredSaga]:
    """These sagas as they stand, locked."""
    return await _stored(drain, await (await drain.connection.execute(read.LOAD, [saga_ids])).fetchall())


def still_open(saga: StoredSaga, finished: Finished | None) -> bool:
    """Whether the call that has ended is the one that the saga waits for: else its answer was recorded before."""
    if finished is None:
        return True
    step = saga.state.steps[finished.step]
    return step.status in OUT and (step.direction.value, step.attempt) == (
        finished.attempt.direction,
        finished.attempt.number,
    )


async def _stored(drain: "Drain", rows: Sequence[Sequence[Any]]) -> list[StoredSaga]:
    if not rows:
        return []
    connection, catalogue = drain.connection, drain.catalogue
    drain.clock.sync(rows[0][_NOW])
    await catalogue.refresh(rows[0][_CONFIGURATION] or 0, connection)
    await catalogue.learn_definitions((row[1] for row in rows), connection)
    saga_ids = [row[0] for row in rows]
    steps = await (await connection.execute(read.STEPS, [saga_ids])).fetchall()
    outputs: list[Any] = []
    begun = [row[0] for row in rows if row[_STATUS] != "pending"]
    if begun:
        outputs = await (await connection.execute(read.OUTPUTS, [begun, begun])).fetchall()
    return stored_sagas(rows, steps, outputs, catalogue.definitions)
