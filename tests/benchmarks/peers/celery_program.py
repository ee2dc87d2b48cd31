"""Celery: a chain of three tasks. Nothing of it is durable beyond the broker. Runs in the peers' environment.

`celery -A tests.benchmarks.peers.celery_program worker` is a worker; `... celery_program N` enqueues N chains.
"""

import os
import sys
import time
from typing import Any

from celery import Celery, chain
from redis import Redis

SAGA_INPUT = {"order_id": "O-4711", "customer": "C-0815", "sku": "BOOK-42", "qty": 2, "total": "49.90"}
BEGAN, ENDED, DONE = "bench-celery-began", "bench-celery-ended", "bench-celery-done"

app = Celery("bench", broker=os.environ["PEER_REDIS_URL"])
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=64, broker_connection_retry_on_startup=True)
_marks = Redis.from_url(os.environ["PEER_REDIS_URL"])
_seen = False


@app.task
def nothing(_order: Any, _sku: Any, _qty: Any) -> dict[str, Any]:
    """The first of a process says when it began; that is all the others do not do."""
    global _seen  # noqa: PLW0603  one flag per worker process
    if not _seen:
        _seen = True
        _marks.set(BEGAN, time.time(), nx=True)
    return {"done": True}


@app.task
def last(order: Any, sku: Any, qty: Any) -> dict[str, Any]:
    """The same, and counts the chain: otherwise nobody would know the end."""
    answer = {"done": True}
    with _marks.pipeline(transaction=False) as pipeline:
        pipeline.incr(DONE)
        pipeline.set(ENDED, time.time())
        pipeline.execute()
    return answer


def enqueue(count: int) -> None:
    given = (SAGA_INPUT["order_id"], SAGA_INPUT["sku"], SAGA_INPUT["qty"])
    saga = chain(nothing.si(*given), nothing.si(*given), last.si(*given))
    for _number in range(count):
        saga.apply_async()


if __name__ == "__main__":
    enqueue(int(sys.argv[1]))
