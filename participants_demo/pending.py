"""Calls that were accepted and are not done yet: the promise is a row in our own database, so it outlives this process.

The row is written in the transaction that answers 202, and taken away in the one that does the work, or undoes it.
Call all of this with the lock of the barrier held.
"""

import json
from typing import Any, NamedTuple

from django.db import connection

from participants_demo.protocol import ACTION, Call

# A repetition changes nothing but the epoch and where to post the answer: it does not start the waiting anew.
ACCEPT = """
    INSERT INTO pending_call (key, saga_id, step, epoch, input, work, callback, due_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, clock_timestamp() + make_interval(secs => %s))
    ON CONFLICT (key) DO UPDATE SET epoch = excluded.epoch, callback = excluded.callback"""
HOLDS = "SELECT FROM pending_call WHERE key = %s"
DELETE = "DELETE FROM pending_call WHERE key = %s"
POSTPONE = "UPDATE pending_call SET due_at = clock_timestamp() + interval '1 second' WHERE key = %s"
DUE = """
    SELECT work, saga_id, step, epoch, input, callback FROM pending_call
    WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT %s"""


class Promise(NamedTuple):
    """A call that is due to be done: `work` names the confirmation that does it."""

    work: str
    call: Call


def accept(call: Call, *, work: str, seconds: float, callback: str) -> None:
    """Promise to do `work` after so many seconds. `callback`: where to post the answer, "" for nowhere."""
    _run(ACCEPT, call.key, call.saga_id, call.step, call.epoch, json.dumps(call.input), work, callback, seconds)


def holds(key: str) -> bool:
    """Whether this call was accepted and is not done yet."""
    return bool(_run(HOLDS, key)[1])


def cancel(key: str) -> bool:
    """Forget the promise. False: there was none."""
    return bool(_run(DELETE, key)[1])


def postpone(key: str) -> None:
    """Try again in a second. Needs no lock."""
    _run(POSTPONE, key)


def due(limit: int) -> list[Promise]:
    """What is to be done now. Needs no lock: whoever does it must look again when he has the lock."""
    return [
        Promise(work, Call(saga_id, step, ACTION, epoch, json.loads(sent), callback))
        for work, saga_id, step, epoch, sent, callback in _run(DUE, limit)[0]
    ]


def _run(sql: str, *values: str | float) -> tuple[list[tuple[Any, ...]], int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else [], cursor.rowcount
