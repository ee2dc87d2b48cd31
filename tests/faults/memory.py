"""P16, at the long level only: what the processes weigh over a calm stretch of steady traffic, before the faults."""

import asyncio
import re
import time
from pathlib import Path
from statistics import median

from tests.faults.facts import Facts, Weighed
from tests.faults.system import System
from tests.faults.verdicts import Miss, Verdict, verdict

KINDS = ("web", "workers", "children", "valkey")
MOST_GROWTH = 1.05
_EVERY_SECONDS = 2.0
_WARM_SECONDS = 60.0  # pools fill, caches are learned
_WINDOW_SECONDS = 120.0
_SAID = ("P16", "memory of workers, web and Valkey grows <= 5 %")


async def weigh(system: System, seconds: float) -> list[Weighed]:
    """The resident memory of each process, every two seconds. A drain's process is a new one after each slice."""
    start = time.monotonic()
    found: list[Weighed] = []
    while (passed := time.monotonic() - start) < seconds:
        for kind in KINDS:
            found += [Weighed(passed, kind, weight) for pid in system.processes(kind) if (weight := _resident(pid))]
        await asyncio.sleep(_EVERY_SECONDS)
    return found


def verdict_on(facts: Facts) -> Verdict:
    """By kind of process: the median of the last two minutes against that of the two minutes after the first."""
    if not facts.memory:
        return Verdict(*_SAID, not_yet="looked at with LEVEL=long only")
    growths = {kind: _growth([one for one in facts.memory if one.kind == kind]) for kind in KINDS}
    figure = ", ".join(f"{kind} {100 * (growth - 1):+.1f} %" for kind, growth in growths.items())
    heavier = [
        Miss("", f"{kind} weighs {growth:.2f} of before") for kind, growth in growths.items() if growth > MOST_GROWTH
    ]
    return verdict(*_SAID, len(facts.memory), heavier, figure)


def _growth(weights: list[Weighed]) -> float:
    end = max(one.at_seconds for one in weights)
    first = [one.kilobytes for one in weights if 0 <= one.at_seconds - _WARM_SECONDS < _WINDOW_SECONDS]
    last = [one.kilobytes for one in weights if one.at_seconds > end - _WINDOW_SECONDS]
    return median(last) / median(first)


def _resident(pid: int) -> int:
    """In kB; 0 when the process has just ended."""
    try:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) if found else 0
