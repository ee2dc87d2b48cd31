"""What was measured, as values."""

from dataclasses import dataclass
from statistics import median

from tests.benchmarks.costs import Costs


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one workload. `figure`: sagas per second, or milliseconds for latencies (`detail` says more)."""

    sagas: int
    figure: float
    costs: Costs | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """All runs of one workload, one per round."""

    name: str
    title: str
    unit: str
    runs: tuple[Run, ...]
    ideal: float | None = None

    @property
    def figure(self) -> float:
        return median(run.figure for run in self.runs)

    @property
    def spread(self) -> tuple[float, float]:
        figures = [run.figure for run in self.runs]
        return min(figures), max(figures)

    def per_saga(self, name: str) -> float | None:
        """The median over the runs of one of the costs, per saga."""
        values = [getattr(run.costs, name) / run.sagas for run in self.runs if run.costs is not None]
        return median(values) if values else None


def ratio(one: Result, other: Result) -> float:
    """The median of the rounds' own ratios: what slows this machine down for a while meets both."""
    return median(a.figure / b.figure for a, b in zip(one.runs, other.runs, strict=True))
