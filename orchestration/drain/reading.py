"""What the loop reads: due sagas to claim, and sagas that somebody else has written."""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from orchestration.core.states import OUT
from orchestration.drain.calls import Finished
from orchestration.drain.unreadable import set_aside
from orchestration.store import read
from orchestration.store.rows import StoredSaga, stored_sagas

if TYPE_CHECKING:
    from orchestration.drain.loop import Drain

_STATUS, _DUE_AT, _CONFIGURATION, _NOW, _NAME = 2, 13, 19, 20, 21
_BEGINNING = datetime.min.replace(tzinfo=UTC)
# A launch gets its due time before its commit, so rows may appear behind the newest that was claimed.
MARGIN = timedelta(seconds=2)
FULL_LOOK_SECONDS = 3.0


class LowWater:
    """Where the claim's scans begin, for new sagas by definition; from the very beginning again every few seconds.

    `sharing`: of how many definitions the last claim found all that it looked for: they share the room of the next one.
    """

    def __init__(self) -> None:
        self.undo_from = self.forward_from = _BEGINNING
        self.new_from: dict[str, datetime] = {}
        self.sharing = 1
        self._full_look_at = 0.0

    def before_claim(self) -> None:
        if time.monotonic() >= self._full_look_at:
            self.undo_from = self.forward_from = _BEGINNING
            self.new_from = dict.fromkeys(self.new_from, _BEGINNING)
            self._full_look_at = time.monotonic() + FULL_LOOK_SECONDS

    def share(self, room: int) -> int:
        """How many new sagas of one definition are looked for."""
        return -(-room // self.sharing)

    def after_claim(self, rows: Sequence[Sequence[Any]], share: int) -> None:
        found: Counter[str] = Counter()
        for row in rows:
            due_at = row[_DUE_AT] - MARGIN
            if row[_STATUS] == "pending":
                name = row[_NAME]
                found[name] += 1
                self.new_from[name] = max(self.new_from.get(name, _BEGINNING), due_at)
            elif row[_STATUS] == "compensating":
                self.undo_from = max(self.undo_from, due_at)
            else:
                self.forward_from = max(self.forward_from, due_at)
        self.sharing = max(1, sum(number >= share for number in found.values()))


async def due(drain: "Drain", *, room: int) -> Sequence[Sequence[Any]]:
    """Due sagas that nobody else is claiming, locked: at most `room`, of the suspects or of everything else."""
    if drain.suspects.calling:
        return await (await drain.connection.execute(read.CLAIM_APART, [drain.suspects.calling, room])).fetchall()
    marks = drain.marks
    marks.before_claim()
    share = marks.share(room)
    rooms = {name: drain.queues.keep_new_waiting(name) for name in marks.new_from}
    values = {
        "room": room, "share": share, "undo_from": marks.undo_from, "forward_from": marks.forward_from,
        "names": list(marks.new_from), "new_from": list(marks.new_from.values()),
        "shares": [share if one is None else min(one, share) for one in rooms.values()],
    }  # fmt: skip
    rows = await (await drain.connection.execute(read.CLAIM, values)).fetchall()
    marks.after_claim(rows, share)
    return rows


async def load(drain: "Drain", saga_ids: list[UUID]) -> list[StoredSaga]:
    """These sagas as they stand, locked."""
    return await stored(drain, await (await drain.connection.execute(read.LOAD, [saga_ids])).fetchall())


def still_open(saga: StoredSaga, finished: Finished | None) -> bool:
    """Whether the call that has ended is the one that the saga waits for: else its answer was recorded before."""
    if finished is None:
        return True
    step = saga.state.steps[finished.step]
    return step.status in OUT and (step.direction.value, step.attempt) == (
        finished.attempt.direction,
        finished.attempt.number,
    )


async def stored(drain: "Drain", rows: Sequence[Sequence[Any]]) -> list[StoredSaga]:
    """Sagas with their steps and outputs, from rows that were read and locked; those that cannot be read are stuck."""
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
    unreadable: dict[UUID, Exception] = {}
    sagas = stored_sagas(rows, steps, outputs, catalogue.definitions, unreadable)
    await set_aside(drain, unreadable)
    return sagas
