"""The peers: the same three steps by plain RQ, as durable on the same PostgreSQL, as one would write it.

A job per saga records its start and each step in a durable transaction of its own: 4 commits. A job per step records
its step in one durable transaction and enqueues the next: 3 commits. No history, no leases, no retries: they do less.
"""

import os
from functools import lru_cache
from typing import Any

import psycopg
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

STEPS = 3
QUEUE = "bench"
TABLES = """
CREATE TABLE IF NOT EXISTS bench_saga (
    id uuid PRIMARY KEY, status text NOT NULL DEFAULT 'pending', position int NOT NULL DEFAULT 0, input jsonb NOT NULL,
    started_at timestamptz, finished_at timestamptz);
CREATE TABLE IF NOT EXISTS bench_step (
    saga_id uuid, position int, status text NOT NULL, answer jsonb, at timestamptz NOT NULL,
    PRIMARY KEY (saga_id, position));
"""
LAUNCH = "INSERT INTO bench_saga (id, input) VALUES (%s, %s::jsonb)"
BEGIN = """
UPDATE bench_saga SET status = 'running', started_at = coalesce(started_at, clock_timestamp())
WHERE id = %s AND status IN ('pending', 'running') RETURNING input
"""
# The position is compared, so that a job that is run twice records nothing twice.
RECORD = """
WITH saga AS (
    UPDATE bench_saga SET position = position + 1, started_at = coalesce(started_at, statement_timestamp()),
        status = CASE WHEN %(last)s THEN 'completed' ELSE 'running' END,
        finished_at = CASE WHEN %(last)s THEN clock_timestamp() END
    WHERE id = %(id)s AND position = %(position)s RETURNING id
)
INSERT INTO bench_step (saga_id, position, status, answer, at)
SELECT id, %(position)s, 'succeeded', %(answer)s::jsonb, clock_timestamp() FROM saga
"""


def run_saga(saga_id: str) -> None:
    """The job per saga."""
    database = _database(os.getpid())
    database.execute(BEGIN, [saga_id]).fetchone()
    for position in range(STEPS):
        _do_and_record(database, saga_id, position)


def run_step(saga_id: str, position: int) -> None:
    """The job per step."""
    _do_and_record(_database(os.getpid()), saga_id, position)
    if position + 1 < STEPS:
        queue().enqueue_call(run_step, args=(saga_id, position + 1), result_ttl=0)


def queue() -> Queue:
    return Queue(QUEUE, connection=redis(), serializer=JSONSerializer)


def enqueue_all(function: Any, arguments: list[tuple[Any, ...]]) -> None:
    """All jobs appear in one moment."""
    with redis().pipeline(transaction=True) as pipeline:
        jobs = [Queue.prepare_data(function, args=args, result_ttl=0) for args in arguments]
        queue().enqueue_many(jobs, pipeline=pipeline)
        pipeline.execute()


def _do_and_record(database: psycopg.Connection, saga_id: str, position: int) -> None:
    answer = _nothing()
    last = position + 1 == STEPS
    database.execute(RECORD, {"id": saga_id, "position": position, "last": last, "answer": answer})


def _nothing() -> str:
    return '{"done": true}'


@lru_cache(maxsize=1)
def _database(_pid: int) -> psycopg.Connection:
    """One connection per process: a forked job cannot use its parent's."""
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


@lru_cache(maxsize=1)
def redis() -> Redis:
    return Redis.from_url(os.environ["REDIS_URL"])
