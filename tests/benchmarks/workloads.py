"""The engine's workloads. Each runs on processes that are up and idle, and returns a Run."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from urllib.request import urlopen
from uuid import UUID

import psycopg
from django.db import connection, transaction

from orchestration.identifiers import uuid7
from orchestration.launch import launch
from orchestration.models import Saga
from sagaconsole.demo.service import Service
from tests.benchmarks import bare_loop, content
from tests.benchmarks.bed import Bed, BenchmarkFailed, check_exits
from tests.benchmarks.catalogue import STEPS, WORKERS
from tests.benchmarks.costs import Meter, memory_of
from tests.benchmarks.feeder import GATE
from tests.benchmarks.results import Run, latencies

FEEDING_SECONDS = 3.0
IDLE_SAGAS = 100
SILENCE_SECONDS = 0.05
GLANCE_SECONDS = 0.0005
HELD_SAGAS = 1_000


def preloaded(bed: Bed, definition: str, count: int, *, calls: int = STEPS, status: str = "completed") -> Run:
    """All sagas become visible with one commit, while the drains are listening. Each makes `calls` calls."""
    after, meter = _preload(bed, definition, count)
    return _run_to_end(bed, after, meter, calls=calls, status=status)


def beside_snapshots(bed: Bed, count: int, snapshot_seconds: float, load_seconds: float) -> Run:
    """Preloaded runs one after the other while a snapshot is open, so that no row version can be cleaned away.

    The figure is that of the last run: by then the most has piled up.
    """
    end_at, runs, total = time.monotonic() + load_seconds, [], 0
    while time.monotonic() < end_at:
        close_at = time.monotonic() + snapshot_seconds
        with psycopg.connect(bed.servers.postgres.url(database=bed.database)) as snapshot:
            snapshot.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            snapshot.execute("SELECT count(*) FROM orchestration_saga")
            while time.monotonic() < min(close_at, end_at):
                runs.append(preloaded(bed, content.NOTHING, count))
                total += count
    first, last = runs[0].figure, runs[-1].figure
    return replace(runs[-1], detail=f"the first {first:,.0f}, the last {last:,.0f} after {total:,} sagas")


def slow(bed: Bed, count: int) -> Run:
    """Seconds from the first claim to the last end, with a participant that takes 2 s."""
    after, meter = _preload(bed, content.SLOW, count)
    run = _run_to_end(bed, after, meter, calls=1)
    return Run(run.sagas, run.sagas / run.figure, run.costs)


def memory(bed: Bed, worker: Service, participant: str) -> Run:
    """MB of one worker, its drain included, with 1,000 calls out. Raises BenchmarkFailed when fewer were out."""
    most_out(participant)
    after, meter = _preload(bed, content.HELD, HELD_SAGAS, workers=1)
    most = 0.0

    def ended() -> bool:
        nonlocal most
        most = max(most, memory_of(worker.pid))
        return content.all_ended(after)

    bed.wait_until(ended, "all sagas have ended")
    out = most_out(participant)
    if out < HELD_SAGAS:
        raise BenchmarkFailed(f"only {out} calls were out at once")
    return Run(HELD_SAGAS, most, meter.read())


def most_out(participant: str) -> int:
    """How many calls the HTTP participant had at once since this was last asked."""
    with urlopen(f"{participant}/most", timeout=10) as answer:  # noqa: S310  our own server on the loopback
        return int(json.loads(answer.read()))


def bare_calls(bed: Bed, participant: str, calls: int, in_flight: int) -> Run:
    """Two clients without a record, as many calls out as the engine's two workers have. Counted in sagas of 3 calls."""
    argv = (sys.executable, "-m", "tests.benchmarks.bare_client", f"{participant}/nothing")
    values = (str(calls // WORKERS), str(in_flight))
    printed = bed.run_to_end([(f"bare-client-{number}", *argv, *values) for number in range(WORKERS)])
    times = [json.loads(text) for text in printed]
    seconds = max(one["ended"] for one in times) - min(one["began"] for one in times)
    sagas = calls // WORKERS * WORKERS // STEPS
    return Run(sagas, sagas / seconds, detail=_cpu(sum(one["cpu"] for one in times), sagas))


def bare_steps(bed: Bed, count: int, in_flight: int) -> Run:
    """Two processes that record like drains and have no engine."""
    with psycopg.connect(bed.servers.database_url, autocommit=True) as database:
        database.execute(bare_loop.TABLES)
        database.execute(bare_loop.FILL, [count])
        database.execute(bare_loop.FILL_STEPS)
        database.execute("VACUUM (ANALYZE) bare_saga, bare_step")
        argv = (sys.executable, "-m", "tests.benchmarks.bare_loop", str(in_flight))
        printed = bed.run_to_end([(f"bare-loop-{number}", *argv) for number in range(WORKERS)])
        [(sagas, ended, seconds, attempts)] = database.execute(bare_loop.TOGETHER).fetchall()
    if ended != sagas or attempts != sagas * STEPS:
        raise BenchmarkFailed(f"the bare loop ended {ended} of {sagas} sagas, with {attempts} attempts")
    return Run(sagas, sagas / seconds, detail=_cpu(sum(float(text.split()[1]) for text in printed), sagas))


def _cpu(seconds: float, sagas: int) -> str:
    return f"{1000 * seconds / sagas:.2f} ms of Python a saga"


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
            check_exits(feeders)
            return _run_to_end(bed, after, meter)


def idle(bed: Bed) -> Run:
    """One saga at a time, from before the launch to when the launcher sees its end.

    Only the commits that wrote sagas are counted: heartbeats go on, however long the silence between two sagas is.
    """
    wait_for_drains(bed)
    meter = Meter(bed)
    times = [_one_saga() for _number in range(IDLE_SAGAS)]
    return latencies(times, meter.read(table=content.saga_file_node()))


def wait_for_drains(bed: Bed, workers: int = WORKERS) -> None:
    bed.wait_until(lambda: content.drains() == workers, "every worker has a drain")


def _preload(bed: Bed, definition: str, count: int, *, workers: int = WORKERS) -> tuple[UUID, Meter]:
    """Returns the id after which the new sagas' ids come."""
    after = uuid7()
    with transaction.atomic():
        content.preload(definition, count)
        wait_for_drains(bed, workers)
        meter = Meter(bed)
    content.tell_drains()
    return after, meter


def _one_saga() -> float:
    time.sleep(SILENCE_SECONDS)
    asked = time.perf_counter()
    launched = launch(definition=content.NOTHING, saga_input=content.SAGA_INPUT, trigger="command", launched_by="bench")
    while Saga.objects.values_list("status", flat=True).get(pk=launched.saga_id) != "completed":
        time.sleep(GLANCE_SECONDS)
    return (time.perf_counter() - asked) * 1000


def _run_to_end(bed: Bed, after: UUID, meter: Meter, *, calls: int = STEPS, status: str = "completed") -> Run:
    bed.wait_until(lambda: content.all_ended(after), "all sagas have ended")
    costs = meter.read()
    ended = content.ended(after, status)
    if ended.well != ended.sagas or ended.attempts != ended.sagas * calls or ended.journal < ended.attempts:
        raise BenchmarkFailed(f"not every saga ended {status} with its whole history: {ended}")
    return Run(ended.sagas, ended.sagas / ended.seconds, costs)


def _waiting(feeders: Sequence[Service]) -> int:
    """How many clients wait at the gate. Raises BenchmarkFailed when one has ended before."""
    check_exits(feeders)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return int(cursor.fetchone()[0])
