"""Runs of the peers: jobs that all appear in one moment while two workers wait for them."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
from rq import Worker

from orchestration.identifiers import uuid7
from tests.benchmarks.bed import Bed, BenchmarkFailed
from tests.benchmarks.catalogue import WORKERS
from tests.benchmarks.content import SAGA_INPUT
from tests.benchmarks.costs import Meter
from tests.benchmarks.peers import rq_jobs
from tests.benchmarks.results import Run

_OPEN = "SELECT EXISTS (SELECT FROM bench_saga WHERE id = ANY(%s) AND status <> 'completed')"
_TOGETHER = """
SELECT count(*), (SELECT count(*) FROM bench_step WHERE saga_id = ANY(%(ids)s)),
    extract(epoch FROM max(finished_at) - min(started_at))::float8
FROM bench_saga WHERE id = ANY(%(ids)s)
"""


def job_per_saga(bed: Bed, count: int) -> Run:
    return _run(bed, count, "simple", rq_jobs.run_saga, lambda saga_id: (saga_id,))


def job_per_step(bed: Bed, count: int, worker: str) -> Run:
    return _run(bed, count, worker, rq_jobs.run_step, lambda saga_id: (saga_id, 0))


def _run(
    bed: Bed, count: int, worker: str, function: Callable[..., None], arguments: Callable[[str], tuple[Any, ...]]
) -> Run:
    with psycopg.connect(bed.servers.database_url, autocommit=True) as database, bed.peers(worker):
        ids = _launch(database, count)
        bed.wait_until(lambda: Worker.count(queue=rq_jobs.queue()) == WORKERS, "the peers' workers are there")
        meter = Meter(bed)
        rq_jobs.enqueue_all(function, [arguments(str(saga_id)) for saga_id in ids])
        bed.wait_until(lambda: not _row(database, _OPEN, [ids])[0], "all jobs have ended")
        costs = meter.read()
        sagas, steps, seconds = _row(database, _TOGETHER, {"ids": ids})
    if steps != sagas * rq_jobs.STEPS:
        raise BenchmarkFailed(f"the peers recorded {steps} steps of {sagas} sagas")
    return Run(sagas, sagas / seconds, costs)


def _launch(database: psycopg.Connection, count: int) -> list[UUID]:
    database.execute(rq_jobs.TABLES)
    ids = [uuid7() for _number in range(count)]
    with database.transaction(), database.cursor() as cursor:
        cursor.executemany(rq_jobs.LAUNCH, [(saga_id, json.dumps(SAGA_INPUT)) for saga_id in ids])
        cursor.execute("ANALYZE bench_saga")
    return ids


def _row(database: psycopg.Connection, statement: Any, values: Any) -> tuple[Any, ...]:
    [row] = database.execute(statement, values).fetchall()
    return tuple(row)
