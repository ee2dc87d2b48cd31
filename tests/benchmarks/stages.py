"""The groups of workloads: what has to be up for each, and how large it is."""

import contextlib
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from urllib.error import URLError

from sagaconsole.embedded.ports import HOST, free_port
from tests.benchmarks import content, databases, workloads
from tests.benchmarks.bed import Bed
from tests.benchmarks.catalogue import IN_FLIGHT, STEPS, Sizes
from tests.benchmarks.peers import rq_runs
from tests.benchmarks.peers.celery_runs import CeleryChain
from tests.benchmarks.peers.dbos_runs import Dbos
from tests.benchmarks.peers.restate_runs import Restate
from tests.benchmarks.results import Run

Workloads = Mapping[str, Callable[[], Run]]
ONE_BY_ONE = 60


@contextlib.contextmanager
def participant(bed: Bed) -> Iterator[str]:
    """The HTTP participant's address."""
    url = f"http://{HOST}:{(port := free_port())}"
    command = ("participant", sys.executable, "-m", "tests.benchmarks.http_participant", str(port))
    with bed.running([command], lasting=False):
        bed.wait_until(lambda: _answers(url), "the participant answers")
        yield url


def _answers(url: str) -> bool:
    try:
        return workloads.most_out(url) >= 0
    except URLError:
        return False


class Stages:
    """`run` runs the workloads of one group. Raises BenchmarkFailed; LeftOut when a peer cannot be installed."""

    def __init__(self, bed: Bed, sizes: Sizes, participant_url: str) -> None:
        self._bed = bed
        self._sizes = sizes
        self._url = participant_url
        self._groups: dict[str, Callable[[], AbstractContextManager[Workloads]]] = {
            "engine": self._engine, "limits": self._limits, "waits": self._waits, "claims": self._claims,
            "dbos": self._dbos, "restate": self._restate, "celery": self._celery, "rq": self._rq,
        }  # fmt: skip

    def run(self, group: str, names: Collection[str]) -> Iterator[tuple[str, Run]]:
        with self._groups[group]() as found:
            for name in names:
                yield name, found[name]()

    @contextlib.contextmanager
    def _engine(self) -> Iterator[Workloads]:
        bed, sagas = self._bed, self._sizes.sagas
        with bed.engine():
            yield {
                "preloaded": lambda: workloads.preloaded(bed, content.NOTHING, sagas),
                "refused": lambda: workloads.preloaded(
                    bed, content.REFUSE, sagas // 2, calls=2 * STEPS, status="compensated"
                ),
                "ten-steps": lambda: workloads.preloaded(bed, content.TEN, sagas // 4, calls=content.MANY_STEPS),
                "fed-1": lambda: workloads.fed(bed, 1),
                "fed-4": lambda: workloads.fed(bed, 4),
                "idle": lambda: workloads.idle(bed),
            }

    @contextlib.contextmanager
    def _limits(self) -> Iterator[Workloads]:
        bed, sagas = self._bed, self._sizes.sagas // 2

        def with_engine(definition: str, count: int) -> Run:
            with bed.engine(SAGA_MAX_CALLS=str(IN_FLIGHT)):
                return workloads.preloaded(bed, definition, count)

        yield {
            "steps-5ms": lambda: with_engine(content.SLEEP, sagas),
            "bare-loop": lambda: workloads.bare_steps(bed, sagas, IN_FLIGHT),
            "http": lambda: with_engine(content.HTTP, sagas // 2),
            "bare-client": lambda: workloads.bare_calls(bed, self._url, sagas // 2 * STEPS, IN_FLIGHT),
        }

    @contextlib.contextmanager
    def _waits(self) -> Iterator[Workloads]:
        def slow() -> Run:
            with self._bed.engine():
                return workloads.slow(self._bed, 1_000)

        def memory() -> Run:
            with self._bed.engine(workers=1) as [worker, _dispatcher]:
                return workloads.memory(self._bed, worker, self._url)

        yield {"slow": slow, "memory": memory}

    @contextlib.contextmanager
    def _claims(self) -> Iterator[Workloads]:
        bed, sagas = self._bed, self._sizes.sagas

        def on(database: str, work: Callable[[], Run]) -> Run:
            with databases.using(bed, database), bed.engine():
                return work()

        def empty(work: Callable[[], Run]) -> Run:
            databases.copy(bed, databases.PRISTINE, databases.EMPTY)
            return on(databases.EMPTY, work)

        def preloaded() -> Run:
            return workloads.preloaded(bed, content.NOTHING, sagas)

        yield {
            "claim-empty": lambda: empty(preloaded),
            "claim-million": lambda: on(databases.FILLED, preloaded),
            "claim-snapshot": lambda: empty(
                lambda: workloads.beside_snapshots(bed, sagas, self._sizes.snapshot_seconds, self._sizes.load_seconds)
            ),
        }

    @contextlib.contextmanager
    def _dbos(self) -> Iterator[Workloads]:
        dbos = Dbos(self._bed)
        dbos.set_up()
        count = _portion(self._sizes.sagas, 600)
        yield {
            "dbos-preloaded": lambda: dbos.preloaded(count),
            "dbos-fed-1": lambda: dbos.fed(1),
            "dbos-fed-4": lambda: dbos.fed(4),
            "dbos-own-1": lambda: dbos.started(1),
            "dbos-own-4": lambda: dbos.started(4),
            "dbos-idle": lambda: dbos.idle(ONE_BY_ONE),
        }

    @contextlib.contextmanager
    def _restate(self) -> Iterator[Workloads]:
        restate, count = Restate(self._bed), _portion(self._sizes.sagas, 1_500)
        with restate.up():
            yield {
                "restate-preloaded": lambda: restate.preloaded(count),
                "restate-64": lambda: restate.at(64, count),
                "restate-fed-1": lambda: restate.fed(1),
                "restate-fed-4": lambda: restate.fed(4),
                "restate-idle": lambda: restate.idle(ONE_BY_ONE),
            }

    @contextlib.contextmanager
    def _celery(self) -> Iterator[Workloads]:
        chain = CeleryChain(self._bed)
        yield {"celery-preloaded": lambda: chain.preloaded(_portion(self._sizes.sagas, 1_500))}

    @contextlib.contextmanager
    def _rq(self) -> Iterator[Workloads]:
        bed, sagas = self._bed, self._sizes.sagas
        yield {
            "rq-job-per-saga": lambda: rq_runs.job_per_saga(bed, _portion(sagas, 1_500)),
            "rq-job-per-step": lambda: rq_runs.job_per_step(bed, _portion(sagas, 500), "simple"),
            "rq-forking": lambda: rq_runs.job_per_step(bed, _portion(sagas, 100), "forking"),
        }


def _portion(sagas: int, most: int) -> int:
    return min(sagas, most)
