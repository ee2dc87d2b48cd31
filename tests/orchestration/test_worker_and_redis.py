"""A worker whose Redis is full, or away for long: it goes on, and soon after Redis is back it has work."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq.exceptions import StopRequested
from rq.worker import base

from orchestration import dispatch, worker
from orchestration.worker import SagaWorker, SignedJSON
from sagaconsole.embedded.account import server_account
from sagaconsole.embedded.ports import free_port
from sagaconsole.embedded.programs import find_programs
from sagaconsole.embedded.valkey import Valkey


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[redis.Redis]:
    account = server_account()
    (tmp_path / "logs").mkdir()
    server = Valkey(tmp_path, account, programs=find_programs(account), password="only-here", durable=False)
    server.start()
    with redis.Redis.from_url(server.url()) as client:
        yield client
    server.stop()


def worker_on(client: redis.Redis) -> Any:
    return SagaWorker([dispatch.QUEUE], connection=client, serializer=SignedJSON, prepare_for_work=False)


def test_a_full_redis_does_not_end_a_worker(own_redis: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = worker_on(own_redis)
    waiting.queues[0].enqueue_call(dispatch.DRAIN_JOB)
    own_redis.config_set("maxmemory", "1")
    monkeypatch.setattr(worker, "sleep", lambda _seconds: own_redis.config_set("maxmemory", "0"))
    [job, _queue] = waiting.dequeue_job_and_maintain_ttl(1)
    assert job.func_name == dispatch.DRAIN_JOB


def test_a_worker_looks_for_its_redis_every_other_second_however_long_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """RQ's own pauses grow to a minute, and a minute without work it would be when Redis is back."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 8:
            raise StopRequested

    monkeypatch.setattr(base, "time", SimpleNamespace(**(vars(time) | {"sleep": pause})))
    with redis.Redis(port=free_port(), retry=Retry(NoBackoff(), 0)) as nobody, pytest.raises(StopRequested):
        worker_on(nobody).dequeue_job_and_maintain_ttl(1)
    assert max(pauses) <= 2
