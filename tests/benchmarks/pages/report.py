"""The tables and the verdicts, as text. Pure."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.pages.catalogue import (
    ADDRESSES,
    FIRST_LOAD_KB,
    LIMITS,
    PROGRAMS,
    STREAM_TAIL_MS,
    WEB_CONNECTIONS,
    WEB_MB,
)
from tests.benchmarks.pages.figures import FirstLoad, Measured, StreamFigures, Timing
from tests.benchmarks.report import aligned
from tests.benchmarks.targets import Check

SLOWEST_SHOWN = 3


def machine() -> str:
    """What the figures were taken on, without its name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores of {model}, {system}, load {load}"


def tables(measured: Measured) -> str:
    """Server times of the databases side by side, first visits, streams: whatever was measured."""
    parts = [_timings(measured.timings), _loads(measured.loads), _streams(measured.streams)]
    return "\n\n".join(part for part in parts if part)


def checks(measured: Measured) -> list[Check]:
    """The targets of what was measured."""
    found = [
        check for group in LIMITS if group in measured.timings for check in _in_time(group, measured.timings[group])
    ]
    if measured.loads:
        found += _light(measured.loads)
    if measured.streams is not None:
        found += _told(measured.streams)
    return found


def _timings(timings: Mapping[str, Mapping[str, Timing]]) -> str:
    if not timings:
        return ""
    heads = [f"{group}, {what}" for group in timings for what in ("median", "p95")]
    rows = [("server time in ms", *heads, "KB", "")]
    for address in ADDRESSES:
        mine = {group: found[address.name] for group, found in timings.items() if address.name in found}
        if mine:
            cells = [cell for group in timings for cell in _cells(mine.get(group))]
            late = any(_is_late(group, timing) for group, timing in mine.items() if _is_judged(group, address.name))
            size = max(timing.size for timing in mine.values())
            rows.append((address.name, *cells, f"{size / 1000:.0f}", "MISSED" if late else ""))
    return aligned(rows)


def _cells(timing: Timing | None) -> tuple[str, str]:
    return ("-", "-") if timing is None else (f"{timing.middle:.0f}", f"{timing.tail:.0f}")


def _is_judged(group: str, name: str) -> bool:
    return group != "demo" or name not in PROGRAMS


def _is_late(group: str, timing: Timing) -> bool:
    limits = LIMITS[group]
    return timing.middle > limits.middle or (limits.tail is not None and timing.tail > limits.tail)


def _loads(loads: Mapping[str, FirstLoad]) -> str:
    if not loads:
        return ""
    heads = ("first visit, in KB as sent", "page", "styles, scripts, pictures", "fonts", "together")
    return aligned([heads, *((name, *_parts(load), f"{load.kilobytes:.0f}") for name, load in loads.items())])


def _parts(load: FirstLoad) -> tuple[str, ...]:
    fonts = sum(size for address, size in load.rest.items() if address.endswith(".woff2"))
    return tuple(f"{size / 1000:.0f}" for size in (load.page, sum(load.rest.values()) - fonts, fonts))


def _streams(found: StreamFigures | None) -> str:
    if found is None:
        return ""
    return (
        f"{found.browsers} browsers on streams of one web process, {found.changes} changes: told after "
        f"{found.middle:.0f} ms (median), {found.tail:.0f} ms (p95), {found.worst:.0f} ms (the last one); "
        f"{found.megabytes_before:.0f} MB before, {found.megabytes:.0f} MB with them; "
        f"{found.connections} connections to the database; meanwhile the Overview took {found.page_ms:.0f} ms"
    )


def _in_time(group: str, timings: Mapping[str, Timing]) -> list[Check]:
    limits, timings = LIMITS[group], {n: t for n, t in timings.items() if _is_judged(group, n)}
    if not timings:
        return []
    found = [_slowest(f"{group}: server time, median", {n: t.middle for n, t in timings.items()}, limits.middle)]
    if limits.tail is not None:
        found.append(_slowest(f"{group}: server time, p95", {n: t.tail for n, t in timings.items()}, limits.tail))
    return found


def _slowest(what: str, times: Mapping[str, float], limit: float) -> Check:
    """The slowest address decides; those next to it are named too."""
    slowest = sorted(times, key=lambda name: -times[name])[:SLOWEST_SHOWN]
    missed = sum(time > limit for time in times.values())
    told = ", ".join(f"{name} {times[name]:.0f} ms" for name in slowest)
    return Check(not missed, what, f"{missed} of {len(times)} above; slowest: {told}", f"<= {limit:g} ms")


def _light(loads: Mapping[str, FirstLoad]) -> list[Check]:
    heaviest = max(loads, key=lambda name: loads[name].kilobytes)
    size = loads[heaviest].kilobytes
    blocking = sorted({script for load in loads.values() for script in load.waits_for})
    return [
        Check(size <= FIRST_LOAD_KB, "a first visit", f"{size:.0f} KB ({heaviest})", f"<= {FIRST_LOAD_KB:g} KB"),
        Check(not blocking, "scripts that the first paint waits for", ", ".join(blocking) or "none", "none"),
    ]


def _told(found: StreamFigures) -> list[Check]:
    who = f"{found.browsers} browsers on streams"
    return [
        Check(found.tail <= STREAM_TAIL_MS, f"{who}: change to event, p95", f"{found.tail:.0f} ms",
              f"<= {STREAM_TAIL_MS:g} ms"),
        Check(found.megabytes <= WEB_MB, f"{who}: memory of the web process", f"{found.megabytes:.0f} MB",
              f"<= {WEB_MB:g} MB"),
        Check(found.connections <= WEB_CONNECTIONS, f"{who}: connections to the database", str(found.connections),
              f"<= {WEB_CONNECTIONS}, the pool's and the listener's"),
    ]  # fmt: skip
