"""The tables, as text. Pure."""

import os
from collections.abc import Sequence
from statistics import median

from tests.benchmarks.results import Result
from tests.benchmarks.targets import Check

_HEADS = ("workload", "median", "spread", "commits/saga", "WAL/saga", "CPU ms/saga: programs, PostgreSQL")
_FINE = ("ms", "s", "MB")


def table(results: Sequence[Result]) -> str:
    """One line per workload."""
    return aligned([_HEADS, *map(_row, results)])


def verdicts(checks: Sequence[Check]) -> str:
    """One line per target."""
    return aligned([("MET" if one.met else "MISSED", one.what, one.measured, f"({one.limit})") for one in checks])


def noise(results: Sequence[Result]) -> str:
    """How much of the machine was not ours: figures taken beside other work are too low, ratios less so."""
    shares = [run.costs.others for result in results for run in result.runs if run.costs is not None]
    if not shares:
        return ""
    return (
        f"Other programs took {100 * median(shares):.0f} % of this machine's {os.cpu_count()} cores meanwhile (median)."
    )


def _row(result: Result) -> tuple[str, ...]:
    low, high = result.spread
    digits = 1 if result.unit in _FINE else 0
    tail = "" if result.tail is None else f", p99 {result.tail:,.1f}"
    middle = sorted(result.runs, key=lambda run: run.figure)[len(result.runs) // 2]
    detail = f"; {middle.detail}" if middle.detail else ""
    return (
        result.title, f"{result.figure:,.{digits}f} {result.unit}{tail}{detail}",
        f"{low:,.{digits}f} - {high:,.{digits}f}", *_costs(result),
    )  # fmt: skip


def _costs(result: Result) -> tuple[str, str, str]:
    commits, wal = result.per_saga("commits"), result.per_saga("wal")
    python, postgres = result.per_saga("python_cpu"), result.per_saga("postgres_cpu")
    if commits is None or wal is None or python is None or postgres is None:
        return "", "", ""
    return f"{commits:.3f}", f"{wal / 1024:.1f} KiB", f"{1000 * python:.2f}, {1000 * postgres:.2f}"


def aligned(rows: Sequence[tuple[str, ...]]) -> str:
    """Columns under one another."""
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
