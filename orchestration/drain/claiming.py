"""Taking sagas: out of the lines of those that are parked, and of those that are due. Owner, epoch and first intents
are written in one transaction."""

import contextlib
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from orchestration import advance
from orchestration.drain import counting, reading, records, rescue, settling
from orchestration.drain.connections import GONE, reconnected
from orchestration.drain.suspects import Apart
from orchestration.store.rows import SagaChange, StoredSaga

if TYPE_CHECKING:
    from orchestration.drain.loop import Drain

Pairs = list[tuple[StoredSaga, SagaChange]]


async def claim(drain: "Drain", room: int) -> int:
    """Take at most `room` sagas and start their calls; how many were taken."""
    calling = drain.suspects.begin()
    sagas: list[StoredSaga] = []
    probed: set[str] = set()
    try:
        await drain.catalogue.follow(drain.lease.configuration, drain.connection)
        await drain.queues.look_around()
        drain.slots.begin_batch()
        lines = {} if calling else await drain.queues.prepare(room)
        async with drain.connection.transaction():
            in_line, due = await _read(drain, room, lines)
            sagas = in_line + due
            kept_out = await drain.gates.kept_out(sagas)
            pairs = await settling.decided(drain, lambda: _changes(drain, in_line, due, kept_out))
            if pairs:
                await records.record(drain.connection, [change for _saga, change in pairs], drain.clock)
        probed = _note_probes(drain, pairs)
    except GONE as error:
        drain.connection = await reconnected(drain.connection, error, drain.lease.holds)
        return 0
    except psycopg.Error as error:
        await rescue.claim_one_by_one(drain, sagas, error)
        return len(sagas)
    finally:
        await drain.slots.end_probes(probed)
    drain.look = len(pairs) >= room or (calling is not None and bool(pairs))
    await _landed(drain, pairs, calling)
    return len(pairs)


async def _read(drain: "Drain", room: int, lines: dict[str, int]) -> tuple[list[StoredSaga], list[StoredSaga]]:
    """Out of the lines first, then what is due."""
    rows: list[Sequence[Any]] = []
    for queue, number in lines.items():
        if room > len(rows):
            rows += await drain.queues.take(queue, min(number, room - len(rows)))
    in_line = {row[0] for row in rows}
    if room > len(rows):
        rows += await reading.due(drain, room=room - len(rows))
    sagas = await reading.stored(drain, rows)
    return [saga for saga in sagas if saga.id in in_line], [saga for saga in sagas if saga.id not in in_line]


def _changes(
    drain: "Drain", in_line: Sequence[StoredSaga], due: Sequence[StoredSaga], kept_out: dict[UUID, str]
) -> Pairs:
    """Whoever was in a line and has to stay there is left as it is."""
    now = drain.clock.now()
    first = drain.claimer if drain.suspects.calling is None else drain.liner
    pairs: Pairs = []
    for owner, sagas in ((drain.liner, in_line), (first, due)):
        for saga in sagas:
            change = settling.guarded(saga, now, partial(_claimed, owner, now, kept_out.get(saga.id)))
            if saga.parked_on is None or change.parked_on != saga.parked_on or change.state != saga.state:
                pairs.append((saga, change))
    return pairs


def _claimed(owner: advance.Owner, now: Any, kept_out: str | None, saga: StoredSaga) -> SagaChange:
    return advance.claimed(saga, owner, now, kept_out)


async def _landed(drain: "Drain", pairs: Pairs, calling: Apart | None) -> None:
    changes = [change for _saga, change in pairs]
    drain.summary.claimed += len(pairs)
    counting.claimed(drain.figures, changes, len(pairs))
    for saga, change in pairs:
        drain.held.landed(saga, change)
    await settling.mind_others(drain)
    await _mind_suspects(drain, calling, changes)


def _note_probes(drain: "Drain", pairs: Pairs) -> set[str]:
    """Which of the calls that are about to go out are probes, and of which participants."""
    permits = drain.slots.permits
    probed: set[str] = set()
    for saga, change in pairs if permits else ():
        calls = [step for step in change.state.calls_out() if step.definition.participant in permits]
        drain.breakers.probing((saga.id, step.definition.index) for step in calls)
        probed.update(step.definition.participant for step in calls)
    return probed


async def _mind_suspects(drain: "Drain", calling: Apart | None, changes: Sequence[SagaChange]) -> None:
    """Look at once whether suspects wait: when some were just parked, and when none of a kind is left."""
    none_left = calling is not None and not changes and not drain.held.suspects
    if none_left or any(change.parked_on in set(Apart) for change in changes):
        drain.suspects.end()
        with contextlib.suppress(*GONE):  # the next statement of the loop finds that out too
            await drain.lease.look_for_suspects(drain.connection)
        # Those that could not be claimed though they wait are locked by somebody: not again at once.
        drain.look = calling is None or drain.lease.waiting is not calling
