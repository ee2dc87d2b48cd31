"""What a run costs: durable commits, WAL and CPU.

Durable commits are counted in the write-ahead log itself: each transaction that wrote rows and has a commit record
waited for its flush. Read-only transactions write none. Those that only notify have a commit record and nothing else,
and wait for no disk. The count is exact, and of the whole cluster: leases, heartbeats and the dispatcher's rounds are
in it.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.benchmarks.bed import Bed

_TICKS = os.sysconf("SC_CLK_TCK")
_COMMITS = """
SELECT count(*) FROM (
    SELECT FROM pg_get_wal_records_info(%s, %s) WHERE xid <> '0' GROUP BY xid
    HAVING bool_or(record_type = 'COMMIT') AND bool_or(resource_manager <> 'Transaction')) durable
"""
_WRITERS = "SELECT count(DISTINCT xid::text) FROM pg_get_wal_block_info(%s, %s) WHERE relfilenode = %s AND xid <> '0'"


@dataclass(frozen=True, slots=True)
class Costs:
    """Totals of a run. CPU in seconds; `wal` in bytes.

    `others`: the share of this machine that programs took which have nothing to do with the benchmark, 0 to 1.
    """

    commits: int
    wal: int
    python_cpu: float
    postgres_cpu: float
    others: float


class Meter:
    """Measures from its making to `read()`."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed
        self._connection = bed.servers.postgres.connect()
        self._connection.execute("CREATE EXTENSION IF NOT EXISTS pg_walinspect")
        self._measured = {service.pid for service in bed.services}
        self._machine = _machine()
        self._cpu = self._cpu_now()
        self._start = _flushed_to(self._connection)

    def read(self, *, table: int | None = None) -> Costs:
        """`table`: count only the transactions that wrote to the one with this file node."""
        busy, total = (now - then for now, then in zip(_machine(), self._machine, strict=True))
        python, postgres, other_parts = (now - then for now, then in zip(self._cpu_now(), self._cpu, strict=True))
        others = max(0.0, busy - python - postgres - other_parts) / total
        with self._connection as connection:
            ends = [self._start, _flushed_to(connection)]
            [(wal,)] = connection.execute("SELECT pg_wal_lsn_diff(%s, %s)", ends[::-1]).fetchall()
            # Where nothing was written there is no record to begin with, which the function takes for an error.
            statement, values = (_COMMITS, ends) if table is None else (_WRITERS, [*ends, table])
            [(commits,)] = connection.execute(statement, values).fetchall() if wal else [(0,)]
        return Costs(int(commits), int(wal), python, postgres, others)

    def _cpu_now(self) -> tuple[float, float, float]:
        """Seconds of the measured Python processes, of PostgreSQL, and of this benchmark's other processes."""
        postmaster, me = self._bed.servers.postgres_pid, os.getpid()
        python = postgres = other_parts = 0.0
        for process in _processes():
            if process.session in self._measured:
                python += process.cpu
            elif postmaster in (process.pid, process.parent):
                postgres += process.cpu
            elif me in (process.pid, process.parent):
                other_parts += process.cpu
        return python, postgres, other_parts


def memory_of(session: int) -> float:
    """MB that the processes of a session take, pages they share counted once between them."""
    total = 0
    for process in _processes():
        if process.session == session:
            with contextlib.suppress(OSError):  # it has just ended
                rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
                total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total / 1024


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    parent: int
    session: int
    cpu: float


def _processes() -> Iterator[_Process]:
    """All processes with their CPU seconds, children that have ended included."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # After the name in parentheses, which may hold blanks: state, parent, group, session, ...
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        yield _Process(int(entry.name), int(fields[1]), int(fields[3]), sum(map(int, fields[11:15])) / _TICKS)


def _flushed_to(connection: psycopg.Connection) -> str:
    [(lsn,)] = connection.execute("SELECT pg_current_wal_flush_lsn()::text").fetchall()
    return str(lsn)


def _machine() -> tuple[float, float]:
    """CPU seconds since the machine's start: busy, and busy and idle together."""
    user, nice, system, idle, waiting, *rest = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    busy = user + nice + system + sum(rest)
    return busy / _TICKS, (busy + idle + waiting) / _TICKS
