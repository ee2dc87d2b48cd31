"""The barrier: a call that comes twice, late, or in the wrong order does no harm. Made to be copied.

One row per idempotency key (the table is `Barrier` in models.py). What you must keep when you copy it:

1. The lock comes first, and covers both directions of a step: an action and its undo never run side by side.
2. The checks come in this order: epoch, repeated key, twin.
3. The work and its row are one local transaction: both are there after a crash, or neither.
4. Only "done" is remembered. A refusal takes the work back, and its row never answers for it; it keeps the highest
   epoch and the reason, so that an old worker stays locked out and `GET /status` can tell.
5. "Accepted" is not "done". A call that was answered with 202 is a row of its own (pending.py) until its work is done.
   An undo takes that row away: what was cancelled so never happens.

Source: the sub-transaction barrier of dtm (dtm.pub/practice/barrier.html), with epochs as fencing tokens (Kleppmann,
Designing Data-Intensive Applications, 2017, chapter 8).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from participants_demo import pending
from participants_demo.protocol import Call, LateActionError, RefusedError, StaleEpochError, twin_of

EMPTY_COMPENSATION = '{"empty": true}'
NOTHING_YET = "{}"
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
TRY_LOCK = "SELECT pg_try_advisory_xact_lock_shared(hashtextextended(%s, 0))"
READ = "SELECT key, epoch, done, answer FROM barrier WHERE key IN (%s, %s)"
WRITE = """
    INSERT INTO barrier (key, epoch, done, answer) VALUES (%s, %s, %s, %s)
    ON CONFLICT (key) DO UPDATE SET epoch = excluded.epoch, done = excluded.done, answer = excluded.answer"""
RAISE_EPOCH = "UPDATE barrier SET epoch = %s WHERE key = %s"


@dataclass(frozen=True, slots=True)
class Row:
    """What we know of one key. `answer` is JSON text: the step's output when done, else the refusal, if any."""

    key: str
    epoch: int
    done: bool
    answer: str


def once(call: Call, work: Callable[[], str | None]) -> str | None:
    """Do the work of a call at most once, and return its answer: JSON text, the same for every repetition.

    `work` runs inside the transaction. When it gives None, it has accepted the call for later, and nothing is done yet.
    Raises StaleEpochError, LateActionError, and whatever `work` raises.
    """
    with transaction.atomic():
        _run(LOCK, _step_of(call.key))
        # A statement of its own, after the lock: together they would see the rows as they were before the wait.
        own, twin = _rows(call.key)
        if own and call.epoch < own.epoch:
            raise StaleEpochError(f"epoch {call.epoch} is older than {own.epoch}")
        if own and own.done:
            _raise_epoch(own, call.epoch)
            return own.answer
        try:
            return _first_time(call, twin, work)
        except RefusedError as refusal:
            refused = refusal
            _run(WRITE, call.key, call.epoch, False, json.dumps(refusal.as_json()))
    raise refused  # after the commit that keeps the note


def state_of(key: str) -> dict[str, Any]:
    """What became of a key, as `GET /status` says it: `state`, with `output` when done and `error` when refused."""
    with transaction.atomic():
        # The lock is tried before the rows are read: the other way round, a call that commits in between looks absent.
        in_progress = not _run(TRY_LOCK, _step_of(key))[0][0]
        own, twin = _rows(key)
        waits = pending.holds(key)
    if twin and twin.done and key.endswith(":action"):
        return {"state": "compensated"}
    if own and own.done:
        return {"state": "done", "output": json.loads(own.answer)}
    if in_progress or waits:
        return {"state": "in_progress"}
    return {"state": "refused", **json.loads(own.answer)} if own else {"state": "absent"}


def _first_time(call: Call, twin: Row | None, work: Callable[[], str | None]) -> str | None:
    twin_done = twin is not None and twin.done
    if call.is_action and twin_done:
        raise LateActionError("this step was compensated before its action came")
    with transaction.atomic():  # a savepoint: a refusal takes back the work and its row together
        answer = work() if call.is_action or twin_done else _empty_compensation(call)
        _run(WRITE, call.key, call.epoch, answer is not None, answer or NOTHING_YET)
    return answer


def _empty_compensation(call: Call) -> str:
    pending.cancel(call.twin_key)
    return EMPTY_COMPENSATION


def _rows(key: str) -> tuple[Row | None, Row | None]:
    twin_key = twin_of(key)
    rows = {row[0]: Row(*row) for row in _run(READ, key, twin_key)}
    return rows.get(key), rows.get(twin_key)


def _raise_epoch(own: Row, epoch: int) -> None:
    if epoch > own.epoch:
        _run(RAISE_EPOCH, epoch, own.key)


def _run(sql: str, *values: str | int | bool) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def _step_of(key: str) -> str:
    return key.rpartition(":")[0]
