"""All workloads, round after round: in each round the engine and its peers run one after the other."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

import django

django.setup()

from sagaconsole.demo.terminal import say  # noqa: E402
from sagaconsole.embedded import EmbeddedServerError  # noqa: E402
from tests.benchmarks import content, databases, stages  # noqa: E402
from tests.benchmarks.bed import Bed, BenchmarkFailed  # noqa: E402
from tests.benchmarks.catalogue import GROUPS, PEERS, WORKLOADS, Sizes  # noqa: E402
from tests.benchmarks.results import Result, Run  # noqa: E402


@dataclass(slots=True)
class Measured:
    """`left_out`: why a peer could not be installed, did not start or failed, by group."""

    results: list[Result] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def measure(bed: Bed, *, sizes: Sizes, repeat: int, names: Collection[str]) -> Measured:
    """Runs by workload, in the order of the catalogue. Raises BenchmarkFailed."""
    with stages.participant(bed) as url:
        content.set_up(url)
        databases.keep_pristine(bed)
        if "claim-million" in names:
            say(f"filling a database with {sizes.ended:,} ended sagas")
            databases.fill(bed, sizes.ended)
        return _rounds(stages.Stages(bed, sizes, url), repeat, names)


def _rounds(all_stages: stages.Stages, repeat: int, names: Collection[str]) -> Measured:
    runs: defaultdict[str, list[Run]] = defaultdict(list)
    measured = Measured()
    for number in range(repeat):
        say(f"round {number + 1} of {repeat}")
        wanted = [name for name in names if WORKLOADS[name].most_rounds > number]
        for group, members in GROUPS.items():
            if group not in measured.left_out and (mine := [name for name in members if name in wanted]):
                try:
                    for name, run in all_stages.run(group, mine):
                        say(f"  {_line(name, run)}")
                        runs[name].append(run)
                except (BenchmarkFailed, EmbeddedServerError) as reason:
                    if group not in PEERS:
                        raise
                    first, *more = str(reason).strip().splitlines()
                    measured.left_out[group] = " ... ".join([first, *more[-1:]])
                    say(f"  {group} is left out: {reason}")
    measured.results += [
        Result(name, WORKLOADS[name].title, WORKLOADS[name].unit, tuple(runs[name])) for name in WORKLOADS if runs[name]
    ]
    return measured


def _line(name: str, run: Run) -> str:
    tail = "" if run.tail is None else f", p99 {run.tail:,.1f}"
    return f"{WORKLOADS[name].title}: {run.figure:,.1f} {WORKLOADS[name].unit}{tail} {run.detail}"
