"""The targets and whether they are met. Pure: results in, verdicts out.

Where a peer has several ways to be fed, it is judged by the fastest of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks.catalogue import IDEAL, STEPS
from tests.benchmarks.results import Result, ratio

Named = Mapping[str, Result]
DBOS_BATCH = ("dbos-preloaded", "dbos-own-1", "dbos-own-4")
DBOS_FED = {1: ("dbos-fed-1", "dbos-own-1"), 4: ("dbos-fed-4", "dbos-own-4")}
RESTATE_BATCH = ("restate-preloaded", "restate-64", "restate-fed-4")
CLAIMS = {"claim-million": "1,000,000 ended sagas", "claim-snapshot": "an open snapshot"}


@dataclass(frozen=True, slots=True)
class Check:
    """One target. `measured` and `limit` are for people."""

    met: bool
    what: str
    measured: str
    limit: str


def check(results: Sequence[Result]) -> list[Check]:
    """The targets of what was measured; the others are not judged."""
    named = {result.name: result for result in results}
    found = [*_preloaded(named), *_fed(named), *_limits(named), *_latency(named), *_costs(named), *_large(named)]
    return [one for one in found if one is not None]


def _preloaded(named: Named) -> list[Check | None]:
    return [
        _times(named, "preloaded", DBOS_BATCH, 25, "preloaded, against DBOS at its best"),
        _times(named, "preloaded", RESTATE_BATCH, 10, "preloaded, against Restate at its best, 64 in flight or more"),
        _times(named, "preloaded", ("celery-preloaded",), 15, "preloaded, against a Celery chain"),
        _share(named, "refused", "preloaded", 60, "refused and undone, in calls, against success", times=2),
    ]


def _fed(named: Named) -> list[Check | None]:
    return [
        _times(named, f"fed-{clients}", peer, least, f"one launch per commit, {clients} client(s), against {who}")
        for clients, dbos, restate in ((1, 4, 1.3), (4, 8, 3))
        for who, peer, least in (("DBOS", DBOS_FED[clients], dbos), ("Restate at 64", ("restate-64",), restate))
    ]


def _limits(named: Named) -> list[Check | None]:
    slow, bare = named.get("steps-5ms"), named.get("bare-loop")
    ideal = None
    if slow is not None:
        limit = (
            f"; the bare loop {_percent(bare.figure / IDEAL)}, ours is {_percent(ratio(slow, bare))} of it"
            if bare
            else ""
        )
        share = slow.figure / IDEAL
        ideal = Check(share >= 0.75, "steps of 5 ms, of the ideal", _percent(share) + limit, ">= 75 %")
    return [ideal, _share(named, "http", "bare-client", 70, "HTTP participants, against the bare client")]


def _latency(named: Named) -> list[Check | None]:
    return [
        _quicker(named, peer, who, what, value)
        for peer, who in (("restate-idle", "Restate"), ("dbos-idle", "DBOS"))
        for what, value in (("p50", lambda one: one.figure), ("p99", lambda one: one.tail))
    ]


def _costs(named: Named) -> list[Check | None]:
    return [
        _at_most(named, "idle", "commits", 5, "durable commits per saga, alone", ""),
        _at_most(named, "preloaded", "commits", 0.3, "durable commits per saga, at saturation", ""),
        _at_most(named, "preloaded", "wal", 6, "WAL per saga", " KiB", unit=1024),
    ]


def _large(named: Named) -> list[Check | None]:
    return [
        _below(named, "slow", 6, "1,000 sagas that wait 2 s each", "s"),
        _below(named, "memory", 150, "memory of a worker with 1,000 calls in flight", "MB"),
        *(_share(named, name, "claim-empty", 90, f"claim beside {what}") for name, what in CLAIMS.items()),
    ]


def _times(named: Named, ours: str, peers: Sequence[str], least: float, what: str) -> Check | None:
    """How many times the best of `peers`."""
    there = [named[peer] for peer in peers if peer in named]
    if ours not in named or not there:
        return None
    best = max(there, key=lambda result: result.figure)
    times = ratio(named[ours], best)
    by = f" ({best.title}: {best.figure:,.0f}/s)"
    return Check(times >= least, what, f"{times:.1f} x{by}", f">= {least:g} x")


def _share(named: Named, one: str, other: str, least: float, what: str, *, times: float = 1) -> Check | None:
    """`times`: how many calls a saga of `one` makes for each of `other`."""
    if one not in named or other not in named:
        return None
    share = times * ratio(named[one], named[other])
    return Check(100 * share >= least, what, _percent(share), f">= {least:g} %")


def _quicker(named: Named, peer: str, who: str, what: str, value: Callable[[Result], float | None]) -> Check | None:
    if "idle" not in named or peer not in named:
        return None
    ours, theirs = value(named["idle"]), value(named[peer])
    if ours is None or theirs is None:
        return None
    return Check(ours <= theirs, f"idle latency, {what}, against {who}", f"{ours:.1f} ms", f"<= {theirs:.1f} ms")


def _at_most(
    named: Named, name: str, cost: str, limit: float, what: str, suffix: str, *, unit: float = 1
) -> Check | None:
    value = named[name].per_saga(cost) if name in named else None
    if value is None:
        return None
    return Check(value / unit <= limit, what, f"{value / unit:.2f}{suffix}", f"<= {limit:g}{suffix}")


def _below(named: Named, name: str, limit: float, what: str, unit: str) -> Check | None:
    if name not in named:
        return None
    figure = named[name].figure
    return Check(figure <= limit, what, f"{figure:.1f} {unit}", f"<= {limit:g} {unit}")


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


assert STEPS == 3  # a refused saga makes six calls, an ordinary one three: `times=2` above
