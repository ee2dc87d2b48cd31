"""The engine's workloads. Each runs on processes that are up and idle, and returns a Run."""

import sys
import time
from collections.abc import Sequence
from statistics import quantiles
from uuid import UUID

from django.db import connection, transaction

from orchestration.identifiers import uuid7
from orchestration.launch import launch
from orchestration.models import Saga
from sagaconsole.demo.service import Service
from tests.benchmarks import content
from tests.benchmarks.bed import WORKERS, Bed, BenchmarkFailed
from tests.benchmarks.costs import Meter
from tests.benchmarks.feeder import GATE
from tests.benchmarks.results import Run

FEEDING_SECONDS = 3.0
IDLE_SAGAS = 100
SILENCE_SECONDS = 0.05
GLANCE_SECONDS = 0.0005


def preloaded(bed: Bed, definition: str, count: int) -> Run:
    """All sagas become visible with one commit, while the drains are listening."""
    after = uuid7()
    with transaction.atomic():
        content.preload(definition, count)
        wait_for_drains(bed)
        meter = Meter(bed)
    content.tell_drains()
    return _run_to_end(bed, after, meter)


def fed(bed: Bed, clients: int) -> Run:
    """Clients launch one saga per commit, as fast as each can."""
    wait_for_drains(bed)
    argv = [sys.executable, "-m", "tests.benchmarks.feeder", str(FEEDING_SECONDS)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [GATE])
        commands = [(f"client-{number}", *argv) for number in range(clients)]
        with bed.running(commands, lasting=False) as feeders:
            bed.wait_until(lambda: _waiting(feeders) == clients, "clients are ready")
            after, meter = uuid7(), Meter(bed)
            cursor.execute("SELECT pg_advisory_unlock(%s)", [GATE])
            bed.wait_until(lambda: not any(feeder.is_running for feeder in feeders), "clients have ended")
            _check_exits(feeders)
            return _run_to_end(bed, after, meter)


def idle(bed: Bed) -> Run:
    """One saga at a time, from before the launch to when the launcher sees its end."""
    wait_for_drains(bed)
    times = [_one_saga() for _number in range(IDLE_SAGAS)]
    cuts = quantiles(times, n=100, method="inclusive")
    return Run(IDLE_SAGAS, cuts[49], detail=f"p99 {cuts[98]:.1f} ms")


def wait_for_drains(bed: Bed) -> None:
    bed.wait_until(lambda: content.drains() == WORKERS, "every worker has a drain")


def _one_saga() -> float:
    time.sleep(SILENCE_SECONDS)
    asked = time.perf_counter()
    launched = launch(definition=content.NOTHING, saga_input=content.SAGA_INPUT, trigger="command", launched_by="bench")
    while Saga.objects.values_list("status", flat=True).get(pk=launched.saga_id) != "completed":
        time.sleep(GLANCE_SECONDS)
    return (time.perf_counter() - asked) * 1000


def _run_to_end(bed: Bed, after: UUID, meter: Meter) -> Run:
    bed.wait_until(lambda: content.all_ended(after), "all sagas have ended")
    costs = meter.read()
    ended = content.ended(after)
    if (
        ended.completed != ended.sagas
        or ended.attempts != ended.sagas * content.STEPS
        or ended.journal < ended.attempts
    ):
        raise BenchmarkFailed(f"not every saga was completed with its whole history: {ended}")
    return Run(ended.sagas, ended.sagas / ended.seconds, costs)


def _waiting(feeders: Sequence[Service]) -> int:
    """How many clients wait at the gate. Raises BenchmarkFailed when one has ended before."""
    _check_exits([feeder for feeder in feeders if not feeder.is_running])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return int(cursor.fetchone()[0])


def _check_exits(feeders: Sequence[Service]) -> None:
    for feeder in feeders:
        if feeder.ended_how != "exit code 0":
            raise BenchmarkFailed(f"{feeder.name} ended ({feeder.ended_how}):\n{feeder.end_of_log()}")
