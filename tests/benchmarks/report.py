"""The table and the verdicts. Pure: results in, text out."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.results import Result, ratio

BASE = "rq-job-per-saga"
_HEADS = (
    "workload",
    "figure",
    "spread",
    "x job per saga",
    "commits/saga",
    "WAL/saga",
    "CPU ms/saga: Python, PostgreSQL",
)


@dataclass(frozen=True, slots=True)
class Check:
    """One target of this benchmark."""

    met: bool
    text: str


def table(results: Sequence[Result]) -> str:
    """One line per workload."""
    base = next((result for result in results if result.name == BASE), None)
    rows = [_HEADS, *(_row(result, base) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def check(results: Sequence[Result]) -> list[Check]:
    """The targets of what was measured."""
    named = {result.name: result for result in results}
    checks = []
    if "preloaded" in named:
        commits, wal = named["preloaded"].per_saga("commits"), named["preloaded"].per_saga("wal")
        if BASE in named:
            times = ratio(named["preloaded"], named[BASE])
            checks.append(Check(times >= 5, f"preloaded is {times:.1f} x a job per saga on SimpleWorker (>= 5)"))
        checks += [_at_most(commits, 0.5, "durable commits per saga"), _at_most(_kib(wal), 8, "KiB of WAL per saga")]
    if (slow := named.get("steps-5ms")) and slow.ideal:
        share = 100 * slow.figure / slow.ideal
        checks.append(Check(share >= 60, f"steps of 5 ms reach {share:.0f} % of the ideal {slow.ideal:,.0f}/s (>= 60)"))
    return checks


def noise(results: Sequence[Result]) -> str:
    """How much of the machine was not ours: figures taken beside other work are too low, ratios less so."""
    shares = [run.costs.others for result in results for run in result.runs if run.costs is not None]
    if not shares:
        return ""
    return (
        f"Other programs took {100 * median(shares):.0f} % of this machine's {os.cpu_count()} cores meanwhile (median)."
    )


def verdicts(checks: Sequence[Check]) -> str:
    return "\n".join(f"{'PASS  ' if one.met else 'MISSED'}  {one.text}" for one in checks)


def _at_most(value: float | None, limit: float, what: str) -> Check:
    return Check(value is not None and value <= limit, f"{value or 0:.3g} {what}, preloaded (<= {limit:g})")


def _row(result: Result, base: Result | None) -> tuple[str, ...]:
    low, high = result.spread
    digits = 1 if result.unit == "ms" else 0
    compared = f"{ratio(result, base):.2f}" if base is not None and result.unit != "ms" else ""
    return (
        result.title, f"{result.figure:,.{digits}f} {result.unit}{_remark(result)}",
        f"{low:,.{digits}f} - {high:,.{digits}f}", compared, *_costs(result),
    )  # fmt: skip


def _remark(result: Result) -> str:
    if result.ideal:
        return f" ({100 * result.figure / result.ideal:.0f} % of ideal)"
    details = [run.detail for run in sorted(result.runs, key=lambda run: run.figure)]
    middle = details[len(details) // 2]
    return f", {middle}" if middle else ""


def _costs(result: Result) -> tuple[str, str, str]:
    commits, wal = result.per_saga("commits"), _kib(result.per_saga("wal"))
    python, postgres = result.per_saga("python_cpu"), result.per_saga("postgres_cpu")
    if commits is None or wal is None or python is None or postgres is None:
        return "", "", ""
    return f"{commits:.3f}", f"{wal:.1f} KiB", f"{1000 * python:.2f}, {1000 * postgres:.2f}"


def _kib(value: float | None) -> float | None:
    return None if value is None else value / 1024
