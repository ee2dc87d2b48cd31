"""DBOS Transact, as one would write it. Runs in the peers' environment: `... dbos_program COMMAND [NUMBER]`.

serve: a worker until SIGTERM. enqueue N: N workflows in one transaction. feed SECONDS: one client that enqueues one
workflow per commit. start SECONDS: one client that starts workflows in its own process. idle N: workflows one by one,
in its own process; prints their milliseconds.
"""

import json
import os
import signal
import sys
import time
from typing import Any

from dbos import DBOS, DBOSClient

URL = os.environ["PEER_DATABASE_URL"]
STEPS = 3
QUEUE = "bench"
SAGA_INPUT = {"order_id": "O-4711", "customer": "C-0815", "sku": "BOOK-42", "qty": 2, "total": "49.90"}
SILENCE_SECONDS = 0.05
IN_FLIGHT = 64


@DBOS.step()
def nothing(_order: Any, _sku: Any, _qty: Any) -> dict[str, Any]:
    return {"done": True}


@DBOS.workflow(name="saga")
def saga(given: dict[str, Any]) -> None:
    for _number in range(STEPS):
        nothing(given["order_id"], given["sku"], given["qty"])


def main(command: str, number: float = 0) -> None:
    {"serve": serve, "enqueue": enqueue, "feed": feed, "start": start, "idle": idle}[command](number)
    sys.stdout.flush()
    os._exit(0)  # its threads would linger for seconds


def launch() -> None:
    """The library in this process. The queue is looked at 20 times a second instead of once: its best mode here."""
    DBOS(
        config={
            "name": "bench", "system_database_url": URL, "log_level": "WARNING", "application_version": "1",
            "executor_id": str(os.getpid()),
        }
    )  # fmt: skip
    DBOS.launch()
    DBOS.register_queue(QUEUE, polling_interval_sec=0.05, worker_concurrency=50)


def serve(_number: float) -> None:
    launch()
    print("ready", flush=True)  # noqa: T201
    signal.sigwait({signal.SIGTERM})


def enqueue(count: float) -> None:
    client = DBOSClient(system_database_url=URL)
    with client._sys_db.engine.begin() as transaction:
        for _number in range(int(count)):
            client.enqueue_in_transaction(transaction, {"workflow_name": "saga", "queue_name": QUEUE}, SAGA_INPUT)


def feed(seconds: float) -> None:
    client = DBOSClient(system_database_url=URL)
    end_at = time.monotonic() + seconds
    while time.monotonic() < end_at:
        client.enqueue({"workflow_name": "saga", "queue_name": QUEUE}, SAGA_INPUT)


def start(seconds: float) -> None:
    """Waits for the oldest when 64 are under way, and for all at the end."""
    launch()
    end_at, handles = time.monotonic() + seconds, []
    while time.monotonic() < end_at:
        handles.append(DBOS.start_workflow(saga, SAGA_INPUT))
        if len(handles) >= IN_FLIGHT:
            handles.pop(0).get_result()
    for handle in handles:
        handle.get_result()


def idle(count: float) -> None:
    launch()
    times = []
    for _number in range(int(count)):
        time.sleep(SILENCE_SECONDS)
        asked = time.perf_counter()
        DBOS.start_workflow(saga, SAGA_INPUT).get_result()
        times.append((time.perf_counter() - asked) * 1000)
    print(json.dumps(times))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], *map(float, sys.argv[2:]))
