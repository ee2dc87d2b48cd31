"""The names of all workloads, what they are called in the table, and how often the slow ones are repeated. Pure."""

from dataclasses import dataclass
from typing import NamedTuple

IN_FLIGHT = 64
STEP_SECONDS, STEPS, WORKERS = 0.005, 3, 2
IDEAL = WORKERS * IN_FLIGHT / (STEPS * STEP_SECONDS)


class Workload(NamedTuple):
    """`most_rounds`: it takes long, or its figure hardly varies; so no more rounds than this."""

    title: str
    unit: str = "sagas/s"
    most_rounds: int = 1_000


WORKLOADS = {
    "preloaded": Workload("preloaded, 3 steps of nothing"),
    "refused": Workload("preloaded, step 3 refuses, 3, 2 and 1 undone"),
    "ten-steps": Workload("preloaded, 10 steps of nothing"),
    "fed-1": Workload("one launch per commit, 1 client"),
    "fed-4": Workload("one launch per commit, 4 clients"),
    "idle": Workload("one saga at a time, launch to end", "ms"),
    "steps-5ms": Workload(f"preloaded, 3 steps of 5 ms, {IN_FLIGHT} in flight per worker"),
    "bare-loop": Workload("the same rows and commits by a bare loop, no engine"),
    "http": Workload(f"preloaded, 3 HTTP calls, {IN_FLIGHT} in flight per worker"),
    "bare-client": Workload("the same calls by a bare client, no record (calls / 3)"),
    "slow": Workload("1,000 sagas, each waits 2 s on a participant", "s", 3),
    "memory": Workload("a worker with 1,000 calls in flight", "MB", 2),
    "claim-empty": Workload("preloaded, on empty tables", "sagas/s", 3),
    "claim-million": Workload("preloaded, beside 1,000,000 ended sagas", "sagas/s", 3),
    "claim-snapshot": Workload("preloaded, beside an open snapshot", "sagas/s", 1),
    "dbos-preloaded": Workload("DBOS, queue filled before"),
    "dbos-fed-1": Workload("DBOS, one enqueue per commit, 1 client", most_rounds=3),
    "dbos-fed-4": Workload("DBOS, one enqueue per commit, 4 clients", most_rounds=3),
    "dbos-own-1": Workload("DBOS, 1 client starts them in its own process", most_rounds=3),
    "dbos-own-4": Workload("DBOS, 4 clients start them in their own processes", most_rounds=3),
    "dbos-idle": Workload("DBOS, one at a time, in the launcher's process", "ms"),
    "restate-preloaded": Workload("Restate, all accepted before"),
    "restate-64": Workload("Restate, 64 in flight, each waited for"),
    "restate-fed-1": Workload("Restate, one send per request, 1 client", most_rounds=3),
    "restate-fed-4": Workload("Restate, one send per request, 4 clients", most_rounds=3),
    "restate-idle": Workload("Restate, one at a time, request to answer", "ms"),
    "celery-preloaded": Workload("Celery, a chain, queue filled before, nothing durable"),
    "rq-job-per-saga": Workload("RQ, a job per saga, SimpleWorker", most_rounds=3),
    "rq-job-per-step": Workload("RQ, a job per step, SimpleWorker", most_rounds=3),
    "rq-forking": Workload("RQ, a job per step, forking Worker", most_rounds=3),
}
GROUPS = {
    "engine": ("preloaded", "refused", "ten-steps", "fed-1", "fed-4", "idle"),
    "limits": ("steps-5ms", "bare-loop", "http", "bare-client"),
    "waits": ("slow", "memory"),
    "claims": ("claim-empty", "claim-million", "claim-snapshot"),
    "dbos": tuple(name for name in WORKLOADS if name.startswith("dbos-")),
    "restate": tuple(name for name in WORKLOADS if name.startswith("restate-")),
    "celery": ("celery-preloaded",),
    "rq": tuple(name for name in WORKLOADS if name.startswith("rq-")),
}
# A group whose failure ends nothing: it is left out, and the table says so.
PEERS = ("dbos", "restate", "celery")


@dataclass(frozen=True, slots=True)
class Sizes:
    """`sagas`: of a preloaded run. `ended`: how many sagas the large tables hold. `snapshot_seconds`: how long
    a snapshot stays open; `load_seconds`: how long there is load beside such snapshots."""

    sagas: int = 12_000
    ended: int = 1_000_000
    snapshot_seconds: float = 30.0
    load_seconds: float = 30.0
