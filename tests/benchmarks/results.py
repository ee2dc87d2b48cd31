"""What was measured, as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from tests.benchmarks.costs import Costs


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one workload. `figure`: sagas per second, calls per second, milliseconds, seconds or MB.

    `tail`: the 99th percentile where `figure` is the median of many. `detail`: what else there is to say.
    """

    sagas: int
    figure: float
    costs: Costs | None = None
    tail: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """All runs of one workload, one per round."""

    name: str
    title: str
    unit: str
    runs: tuple[Run, ...]

    @property
    def figure(self) -> float:
        return median(run.figure for run in self.runs)

    @property
    def tail(self) -> float | None:
        tails = [run.tail for run in self.runs if run.tail is not None]
        return median(tails) if tails else None

    @property
    def spread(self) -> tuple[float, float]:
        figures = [run.figure for run in self.runs]
        return min(figures), max(figures)

    def per_saga(self, name: str) -> float | None:
        """The median over the runs of one of the costs, per saga."""
        values = [getattr(run.costs, name) / run.sagas for run in self.runs if run.costs is not None]
        return median(values) if values else None


def latencies(milliseconds: Sequence[float], costs: Costs | None = None) -> Run:
    """Sagas that ran one at a time."""
    cuts = quantiles(milliseconds, n=100, method="inclusive")
    return Run(len(milliseconds), cuts[49], costs, tail=cuts[98])


def ratio(one: Result, other: Result) -> float:
    """The median of the rounds' own ratios: what slows this machine down for a while meets both."""
    return median(a.figure / b.figure for a, b in zip(one.runs, other.runs, strict=False))
