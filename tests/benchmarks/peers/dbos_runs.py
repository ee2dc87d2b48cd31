"""Runs of DBOS Transact on the same PostgreSQL, in a database of its own."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from tests.benchmarks.bed import Bed, BenchmarkFailed
from tests.benchmarks.catalogue import WORKERS
from tests.benchmarks.costs import Meter
from tests.benchmarks.peers import installing
from tests.benchmarks.results import Run, latencies

FEEDING_SECONDS = 3.0
_OPEN = "SELECT EXISTS (SELECT FROM dbos.workflow_status WHERE status IN ('ENQUEUED', 'PENDING'))"
_TOGETHER = """
SELECT count(*), count(*) FILTER (WHERE status = 'SUCCESS'),
    (max(completed_at) - min(coalesce(started_at_epoch_ms, created_at)))::float8 / 1000
FROM dbos.workflow_status WHERE name = 'saga'
"""
_FORGET = "TRUNCATE dbos.workflow_status CASCADE"


class Dbos:
    """`set_up` makes its tables. Raises LeftOut when it cannot be installed or does not start."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed
        self._python = installing.python()
        self._url = bed.servers.create_database("bench_dbos", owner="bench_dbos")

    def set_up(self) -> None:
        with self._bed.running([self._command("serve")], environment=self._environment()) as [service]:
            self._bed.wait_until(lambda: _is_ready(service.log), "DBOS has made its tables")

    def preloaded(self, count: int) -> Run:
        """All are in the queue before two workers start; measured from the first start to the last end."""
        with psycopg.connect(self._url, autocommit=True) as database:
            database.execute(_FORGET)
            self._to_end([self._command("enqueue", count)])
            with self._bed.running(self._workers(), environment=self._environment()):
                meter = Meter(self._bed)
                return self._measured(database, meter)

    def fed(self, clients: int) -> Run:
        """Clients enqueue one workflow per commit, as fast as each can; two workers are up."""
        with (
            psycopg.connect(self._url, autocommit=True) as database,
            self._bed.running(self._workers(), environment=self._environment()) as workers,
        ):
            database.execute(_FORGET)
            self._bed.wait_until(lambda: all(_is_ready(worker.log) for worker in workers), "DBOS is ready")
            meter = Meter(self._bed)
            self._to_end([self._command("feed", FEEDING_SECONDS, name=f"client-{one}") for one in range(clients)])
            return self._measured(database, meter)

    def started(self, clients: int) -> Run:
        """Clients start workflows in their own process, as a library lets them; no queue and no other worker."""
        with psycopg.connect(self._url, autocommit=True) as database:
            database.execute(_FORGET)
            self._to_end([self._command("start", FEEDING_SECONDS, name=f"client-{one}") for one in range(clients)])
            return self._measured(database, None)

    def idle(self, count: int) -> Run:
        """One at a time, in the launcher's own process: no queue, so nothing waits for its next look."""
        return latencies(json.loads(self._to_end([self._command("idle", count)])[0].splitlines()[-1]))

    def _measured(self, database: psycopg.Connection, meter: Meter | None) -> Run:
        self._bed.wait_until(lambda: not _row(database, _OPEN)[0], "DBOS has ended all")
        costs = meter.read() if meter else None
        sagas, succeeded, seconds = _row(database, _TOGETHER)
        if sagas != succeeded or not sagas:
            raise BenchmarkFailed(f"DBOS ended {succeeded} of {sagas} well")
        return Run(sagas, sagas / seconds, costs)

    def _to_end(self, commands: Sequence[Sequence[str]]) -> list[str]:
        return self._bed.run_to_end(commands, environment=self._environment())

    def _workers(self) -> list[list[str]]:
        return [self._command("serve", name=f"dbos-{number}") for number in range(WORKERS)]

    def _command(self, command: str, *values: float, name: str = "dbos") -> list[str]:
        program = [self._python, "-m", "tests.benchmarks.peers.dbos_program"]
        return [f"{name}-{command}", *program, command, *map(str, values)]

    def _environment(self) -> dict[str, str]:
        return {"PEER_DATABASE_URL": self._url.replace("postgres://", "postgresql://")}


def _is_ready(log: Path) -> bool:
    return log.exists() and "ready" in log.read_text().split()


def _row(database: psycopg.Connection, statement: Any) -> tuple[Any, ...]:
    [row] = database.execute(statement).fetchall()
    return tuple(row)
