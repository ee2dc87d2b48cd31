"""All workloads, round after round: in each round the engine and its peers run one after the other."""

from collections import defaultdict
from collections.abc import Collection, Iterator

import django

django.setup()

from sagaconsole.demo.terminal import say  # noqa: E402
from tests.benchmarks import content, peer_runs, workloads  # noqa: E402
from tests.benchmarks.bed import WORKERS, Bed  # noqa: E402
from tests.benchmarks.functions import STEP_SECONDS  # noqa: E402
from tests.benchmarks.results import Result, Run  # noqa: E402

IN_FLIGHT = 64
IDEAL = WORKERS * IN_FLIGHT / (content.STEPS * STEP_SECONDS)
TITLES = {
    "preloaded": "preloaded, 3 steps of nothing",
    "steps-5ms": f"preloaded, 3 steps of 5 ms, {IN_FLIGHT} in flight per worker",
    "fed-1": "one launch per commit, 1 client",
    "fed-4": "one launch per commit, 4 clients",
    "idle": "one saga at a time, launch to end, p50",
    "rq-job-per-saga": "RQ, a job per saga, SimpleWorker",
    "rq-job-per-step": "RQ, a job per step, SimpleWorker",
    "rq-forking": "RQ, a job per step, forking Worker",
}


def measure(bed: Bed, *, sagas: int, repeat: int, names: Collection[str]) -> list[Result]:
    """Runs by workload, in the order of TITLES. Raises BenchmarkFailed."""
    content.set_up()
    runs: defaultdict[str, list[Run]] = defaultdict(list)
    for number in range(repeat):
        say(f"round {number + 1} of {repeat}")
        for name, run in _round(bed, sagas, names):
            unit = "ms" if name == "idle" else "sagas/s"
            say(f"  {TITLES[name]}: {run.figure:,.0f} {unit} {run.detail}")
            runs[name].append(run)
    return [_result(name, runs[name]) for name in TITLES if name in runs]


def _round(bed: Bed, sagas: int, names: Collection[str]) -> Iterator[tuple[str, Run]]:
    if set(names) & {"preloaded", "fed-1", "fed-4", "idle"}:
        with bed.engine():
            yield from _roomy(bed, sagas, names)
    if "steps-5ms" in names:
        with bed.engine(max_calls=IN_FLIGHT):
            yield "steps-5ms", workloads.preloaded(bed, content.SLEEP, sagas // 2 or 1)
    if "rq-job-per-saga" in names:
        yield "rq-job-per-saga", peer_runs.job_per_saga(bed, min(sagas, 1_500))
    if "rq-job-per-step" in names:
        yield "rq-job-per-step", peer_runs.job_per_step(bed, min(sagas, 500), "simple")
    if "rq-forking" in names:
        yield "rq-forking", peer_runs.job_per_step(bed, min(sagas, 100), "forking")


def _roomy(bed: Bed, sagas: int, names: Collection[str]) -> Iterator[tuple[str, Run]]:
    if "preloaded" in names:
        yield "preloaded", workloads.preloaded(bed, content.NOTHING, sagas)
    for clients in (1, 4):
        if f"fed-{clients}" in names:
            yield f"fed-{clients}", workloads.fed(bed, clients)
    if "idle" in names:
        yield "idle", workloads.idle(bed)


def _result(name: str, runs: list[Run]) -> Result:
    unit = "ms" if name == "idle" else "sagas/s"
    return Result(name, TITLES[name], unit, tuple(runs), IDEAL if name == "steps-5ms" else None)
