"""The barrier: a call that comes twice, late, or in the wrong order does no harm. Made to be copied.

One row per idempotency key. What you must keep when you copy it:

1. The lock comes first, and covers both directions of a step: an action and its undo never run side by side.
2. The checks come in this order: epoch, repeated key, twin.
3. The work and its row are one local transaction: both are there after a crash, or neither.
4. Only "done" is remembered. A refusal takes the work back, and the row never answers for it; it keeps the highest
   epoch and the reason, so that an old worker stays locked out and `GET /status` can tell.

Source: the sub-transaction barrier of dtm (dtm.pub/practice/barrier.html), with epochs as fencing tokens (Kleppmann,
Designing Data-Intensive Applications, 2017, chapter 8).
"""

from collections.abc import Callable
from typing import Any, ClassVar, Self

from django.db import connection, models, transaction

from participants_demo.protocol import Call, LateActionError, RefusedError, StaleEpochError, twin_of

EMPTY_COMPENSATION = {"empty": True}


class Barrier(models.Model):
    """What we know of one key. `answer` is the step's output when done, else the refusal."""

    key = models.TextField(primary_key=True)
    epoch = models.BigIntegerField()
    done = models.BooleanField()
    answer = models.JSONField(null=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    def __str__(self) -> str:
        return self.key


def once(call: Call, work: Callable[[], Any]) -> Any:
    """Do the work of a call at most once, and return its answer: JSON, the same for every repetition.

    `work` runs inside the transaction. Raises StaleEpochError, LateActionError, and whatever `work` raises.
    """
    with transaction.atomic():
        _lock(call.key)
        own, twin = _rows(call.key)
        if own and call.epoch < own.epoch:
            raise StaleEpochError(f"epoch {call.epoch} is older than {own.epoch}")
        if own and own.done:
            _raise_epoch(own, call.epoch)
            return own.answer
        try:
            answer = _first_time(call, own, twin, work)
        except RefusedError as refusal:
            refused = refusal
            _save(own, Barrier(key=call.key, epoch=call.epoch, done=False, answer=refusal.as_json()))
        else:
            return answer
    raise refused


def state_of(key: str) -> dict[str, Any]:
    """What became of a key, as `GET /status` says it: `state`, with `output` when done and `error` when refused."""
    with transaction.atomic():
        # The lock is tried before the rows are read: the other way round, a call that commits in between looks absent.
        in_progress = not _try_lock(key)
        own, twin = _rows(key)
    if twin and twin.done and key.endswith(":action"):
        return {"state": "compensated"}
    if own and own.done:
        return {"state": "done", "output": own.answer}
    if in_progress:
        return {"state": "in_progress"}
    return {"state": "refused", **(own.answer or {})} if own else {"state": "absent"}


def _first_time(call: Call, own: Barrier | None, twin: Barrier | None, work: Callable[[], Any]) -> Any:
    twin_done = twin is not None and twin.done
    if call.is_action and twin_done:
        raise LateActionError("this step was compensated before its action came")
    with transaction.atomic():  # a savepoint: a refusal takes back the work and its row together
        answer = EMPTY_COMPENSATION if not call.is_action and not twin_done else work()
        _save(own, Barrier(key=call.key, epoch=call.epoch, done=True, answer=answer))
    return answer


def _rows(key: str) -> tuple[Barrier | None, Barrier | None]:
    rows = Barrier.objects.in_bulk([key, twin_of(key)])
    return rows.get(key), rows.get(twin_of(key))


def _save(before: Barrier | None, row: Barrier) -> None:
    row.save(force_insert=before is None, force_update=before is not None)


def _raise_epoch(own: Barrier, epoch: int) -> None:
    if epoch > own.epoch:
        Barrier.objects.filter(key=own.key).update(epoch=epoch)


def _lock(key: str) -> None:
    # A statement of its own: a SELECT that also read the rows would see them as they were before the wait.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_step_of(key)])


def _try_lock(key: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock_shared(hashtextextended(%s, 0))", [_step_of(key)])
        return bool(cursor.fetchone()[0])


def _step_of(key: str) -> str:
    return key.rpartition(":")[0]
