"""What happens to the sagas that a drain holds: calls that have ended, steps whose time has come, deadlines.

All that has come in meanwhile is recorded in one transaction; what landed goes on.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import psycopg

from orchestration import advance
from orchestration.about import about
from orchestration.advance import Owner
from orchestration.drain import reading, records
from orchestration.drain.calls import Finished, without_words
from orchestration.drain.connections import GONE, reconnected
from orchestration.store.rows import AttemptRow, SagaChange, StoredSaga

if TYPE_CHECKING:
    from orchestration.drain.loop import Drain

logger = logging.getLogger(__name__)
Calls = Mapping[UUID, Sequence[Finished]]
D = TypeVar("D")


async def settle(drain: "Drain") -> None:
    """Record what has happened; what did not land, because somebody else wrote the saga, is decided anew."""
    calls = _gather(drain)
    if not calls or not drain.lease.holds():
        return
    await _follow(drain)
    drain.slots.begin_batch()
    changes, late = await decided(drain, lambda: _changes(drain, drain.held.sagas, calls))
    landed: list[SagaChange] = []
    try:
        if changes:
            drain.figures.observe(("record_batch_sagas",), len(changes))
            landed = await records.record_each(drain.connection, changes, drain.clock, _rescue(drain))
        await records.keep(drain.connection, late)
    except GONE as error:  # whether it was committed is unknown: read the truth
        drain.connection = await reconnected(drain.connection, error, drain.lease.holds)
    for change in landed:
        drain.held.landed(drain.held.sagas[change.id], change)
    missing = {change.id for change in changes} - {change.id for change in landed}
    if missing:
        await _read_again(drain, {saga_id: calls[saga_id] for saga_id in missing})
    await mind_others(drain)


async def _follow(drain: "Drain") -> None:
    """A drain that is full claims nothing, but it must know whom it may call. No statement unless something changed."""
    try:
        await drain.catalogue.follow(drain.lease.configuration, drain.connection)
    except GONE as error:
        drain.connection = await reconnected(drain.connection, error, drain.lease.holds)


async def decided(drain: "Drain", decide: Callable[[], D]) -> D:
    """What `decide` says; once more where calls were kept back for want of slots that could then be had."""
    decisions = decide()
    if drain.slots.missed and await drain.slots.fetch_missed():
        drain.slots.begin_batch()
        decisions = decide()
    return decisions


async def mind_others(drain: "Drain") -> None:
    """What others wait for: a lock that is free, a place, a slot."""
    held = drain.held
    if held.left:
        left, held.left = held.left, []
        await drain.queues.left(left)
    if held.parked:
        parked, held.parked = held.parked, []
        await drain.queues.joined(parked)


def guarded(
    saga: StoredSaga, now: datetime, change: Callable[[StoredSaga], SagaChange], ended: Sequence[AttemptRow] = ()
) -> SagaChange:
    """A rule that fails on one saga makes that saga stuck and hurts no other. The tries that have `ended` are kept."""
    try:
        return change(saga)
    except Exception:
        out = ",".join(step.definition.name for step in saga.state.calls_out())
        about_it = about(saga.id, step=out, epoch=saga.epoch)
        logger.exception("saga %s: the rules failed on it", saga.id, extra=about_it)
        return advance.cannot_go_on(saga, "the engine failed on this saga; see the worker's log", ended, now)


def _gather(drain: "Drain") -> Calls:
    """By saga: the calls that have ended; none for a saga of which only a time has come."""
    ended, drain.finished = drain.finished, []
    drain.summary.calls += len(ended)
    for one in ended:
        drain.slots.ended(one.participant)
    calls: dict[UUID, list[Finished]] = {saga_id: [] for saga_id in drain.held.came_due()}
    for one in ended:
        if one.saga_id in drain.held.sagas:
            calls.setdefault(one.saga_id, []).append(one)
    return calls


def _changes(
    drain: "Drain", sagas: Mapping[UUID, StoredSaga], calls: Calls
) -> tuple[list[SagaChange], list[tuple[UUID, AttemptRow]]]:
    """What is to be written: changes, and the attempts of calls that the saga did not wait for any more."""
    now = drain.clock.now()
    changes: list[SagaChange] = []
    late: list[tuple[UUID, AttemptRow]] = []
    for saga_id, ended in calls.items():
        saga = sagas[saga_id]
        awaited = [one for one in ended if reading.still_open(saga, one)]
        if len(awaited) < len(ended):
            late += [(saga_id, one.attempt) for one in ended if one not in awaited]
        change = guarded(saga, now, _decide(awaited, drain.owner, now), [one.attempt for one in awaited])
        if awaited or change.state != saga.state:
            changes.append(change)
    return changes, late


def _decide(calls: Sequence[Finished], owner: Owner, now: datetime) -> Callable[[StoredSaga], SagaChange]:
    answers = [one.answer.event(one.step, one.luck) for one in calls]
    return lambda saga: advance.owned(saga, answers, [one.attempt for one in calls], owner, now)


def _rescue(drain: "Drain") -> records.Rescue:
    def stuck(change: SagaChange) -> SagaChange:
        attempts = [without_words(one) for one in change.attempts]
        saga = drain.held.sagas[change.id]
        return advance.cannot_go_on(saga, "its answer could not be recorded", attempts, drain.clock.now())

    return stuck


async def _read_again(drain: "Drain", calls: Calls) -> None:
    """Somebody else wrote these sagas, or our write is unknown: decide anew with the same answers in hand."""
    held = drain.held
    try:
        async with drain.connection.transaction():
            sagas = await reading.load(drain, list(calls))
            mine = {saga.id: saga for saga in sagas if saga.epoch == held.sagas[saga.id].epoch}
            changes, late = _changes(drain, mine, {key: calls[key] for key in mine})
            if changes:
                await records.record(drain.connection, changes, drain.clock)
        await records.keep(drain.connection, late)
    except GONE as error:
        drain.connection = await reconnected(drain.connection, error, drain.lease.holds)
        _once_more(drain, [one for ended in calls.values() for one in ended])
        return
    except psycopg.Error as error:
        await _one_by_one(drain, calls, error)
        return
    changed = {change.id: change for change in changes}
    for saga_id, saga in mine.items():
        held.sagas[saga_id] = saga
        if saga_id in changed:
            held.landed(saga, changed[saga_id])
        else:
            held.hold(saga)
    await _drop_stale(drain, calls.keys() - mine.keys())


async def _one_by_one(drain: "Drain", calls: Calls, error: psycopg.Error) -> None:
    """One bad row hurts one saga: an answer that the database refuses counts as one that nobody understood."""
    if len(calls) > 1:
        for saga_id, ended in calls.items():
            await _read_again(drain, {saga_id: ended})
        return
    [(saga_id, ended)] = calls.items()
    saga = drain.held.sagas[saga_id]
    called = ",".join(saga.definition.steps[one.step].name for one in ended)
    about_it = about(saga_id, step=called, epoch=saga.epoch)
    logger.error("saga %s: what came back could not be recorded: %s", saga_id, error, extra=about_it)
    _once_more(drain, [one.unrecordable() for one in ended])
    drain.wake()


def _once_more(drain: "Drain", calls: Sequence[Finished]) -> None:
    """These ended calls are to be decided on later: until then they keep their slots."""
    drain.finished += calls
    for one in calls:
        drain.slots.started(one.participant)


async def _drop_stale(drain: "Drain", saga_ids: Iterable[UUID]) -> None:
    """These belong to another owner: nothing of ours was written, and that is counted."""
    for saga_id in (stale := list(saga_ids)):
        drain.held.forget(saga_id)
    if stale:
        drain.summary.stale += len(stale)
        logger.warning("drain %s: %d stale writes were refused", drain.lease.id, len(stale))
        await records.count(drain.connection, "stale_writes", len(stale))
