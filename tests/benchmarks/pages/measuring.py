"""The stages: databases of demo size and large ones, a web process on each, and what a visitor meets there."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402

from orchestration.operator_actions import perform  # noqa: E402
from sagaconsole.demo.plan import web_command  # noqa: E402
from sagaconsole.demo.service import Service  # noqa: E402
from sagaconsole.demo.terminal import say  # noqa: E402
from sagaconsole.embedded.ports import HOST, free_port  # noqa: E402
from sagaconsole.embedded.servers import MAIN_DATABASE  # noqa: E402
from tests.benchmarks import databases  # noqa: E402
from tests.benchmarks.bed import Bed  # noqa: E402
from tests.benchmarks.costs import memory_of  # noqa: E402
from tests.benchmarks.pages import content  # noqa: E402
from tests.benchmarks.pages.catalogue import ADDRESSES, ENTRANCES, Address  # noqa: E402
from tests.benchmarks.pages.client import Visitor  # noqa: E402
from tests.benchmarks.pages.figures import Measured, Timing  # noqa: E402
from tests.benchmarks.pages.first_load import first_load  # noqa: E402
from tests.benchmarks.pages.streams import Probes, measure  # noqa: E402

WARM_UPS = 2
_NAMES = {"demo": "pages_demo", "million": "pages_large"}
_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@dataclass(frozen=True, slots=True)
class Sizes:
    """`sagas`, `demo`: in the two databases. `requests`: of each address. `browsers`, `changes`: of the streams."""

    sagas: int
    demo: int
    requests: int
    browsers: int
    changes: int


@dataclass(frozen=True, slots=True)
class _Stage:
    bed: Bed
    web: Service
    facts: content.Facts
    session: Visitor
    token: Visitor

    def path(self, address: Address) -> str:
        return address.path.format_map(self.facts.places)

    def visitor(self, address: Address) -> Visitor:
        return self.token if address.api else self.session


def run(bed: Bed, *, groups: tuple[str, ...], sizes: Sizes, chosen: Callable[[Address], bool]) -> Measured:
    """Raises BenchmarkFailed."""
    measured = Measured()
    on_demo = [name for name in groups if name != "million"]
    if on_demo:
        with _stage(bed, "demo", sizes.demo) as stage:
            for group in on_demo:
                _GROUPS[group](stage, sizes, measured, chosen)
    if "million" in groups:
        with _stage(bed, "million", sizes.sagas) as stage:
            measured.timings["million"] = _timings(stage, sizes, chosen)
    return measured


@contextlib.contextmanager
def _stage(bed: Bed, group: str, sagas: int) -> Iterator[_Stage]:
    name, port = _NAMES[group], free_port()
    _make_database(bed, name, sagas)
    with databases.using(bed, name):
        facts = content.facts()
        url = f"http://{HOST}:{port}"
        with bed.running([("web", *web_command(port))], environment={"SAGA_PUBLIC_URL": url}) as [web]:
            session, token = Visitor(port), Visitor(port, {"Authorization": f"Bearer {facts.token}"})
            bed.wait_until(lambda: _answers(port), "the web process answers")
            session.log_in(facts.username, facts.password)
            try:
                yield _Stage(bed, web, facts, session, token)
            finally:
                session.close()
                token.close()


def _make_database(bed: Bed, name: str, sagas: int) -> None:
    """Filled; one that an earlier run has kept is taken if it holds as many sagas."""
    bed.servers.create_database(name, owner=MAIN_DATABASE)
    with databases.using(bed, name):
        if content.is_filled(sagas):
            say(f"the database of {sagas:,} sagas is there")
            return
    say(f"filling a database with {sagas:,} sagas")
    databases.drop(bed, name)
    bed.servers.create_database(name, owner=MAIN_DATABASE)
    with databases.using(bed, name):
        content.fill(sagas)


def _answers(port: int) -> bool:
    visitor = Visitor(port)
    try:
        return visitor.get("/healthz").status == 200
    except OSError:
        return False
    finally:
        visitor.close()


def _timings(stage: _Stage, sizes: Sizes, chosen: Callable[[Address], bool]) -> dict[str, Timing]:
    found = {}
    for address in filter(chosen, ADDRESSES):
        path, visitor = stage.path(address), stage.visitor(address)
        answers = [visitor.get(path) for _ in range(WARM_UPS + sizes.requests)][WARM_UPS:]
        times = [answer.milliseconds for answer in answers]
        cuts = quantiles(times, n=100, method="inclusive") if len(times) > 1 else times * 99
        found[address.name] = Timing(cuts[49], cuts[94], answers[-1].size)
        say(f"  {address.name}: {cuts[49]:.0f} ms, p95 {cuts[94]:.0f} ms")
    return found


def _demo(stage: _Stage, sizes: Sizes, measured: Measured, chosen: Callable[[Address], bool]) -> None:
    measured.timings["demo"] = _timings(stage, sizes, chosen)


def _first_load(stage: _Stage, _sizes: Sizes, measured: Measured, chosen: Callable[[Address], bool]) -> None:
    for address in filter(chosen, ADDRESSES):
        if address.name in ENTRANCES:
            measured.loads[address.name] = found = first_load(stage.session, stage.path(address))
            say(f"  {address.name}: {found.kilobytes:.0f} KB")


def _streams(stage: _Stage, sizes: Sizes, measured: Measured, _chosen: Callable[[Address], bool]) -> None:
    def act(name: str) -> Callable[[], None]:
        def change() -> None:
            perform(name, saga_id=stage.facts.live, actor=content.actor(), reason="a change to be told")

        return change

    probes = Probes(
        megabytes=lambda: memory_of(stage.web.pid),
        connections=_connections,
        page=lambda: stage.session.get("/").milliseconds,
    )
    for _ in range(WARM_UPS):
        stage.session.get("/")
    connection.close()
    acts = [act("resume" if number % 2 else "pause") for number in range(2 * ((sizes.changes + 1) // 2))]
    measured.streams = measure(stage.session, browsers=sizes.browsers, acts=acts, probes=probes)


def _connections() -> int:
    """To this database, but for the one that asks, which is also that of the acts."""
    with connection.cursor() as cursor:
        cursor.execute(_CONNECTIONS)
        number: Any = cursor.fetchone()
    return int(number[0])


_GROUPS: dict[str, Callable[[_Stage, Sizes, Measured, Callable[[Address], bool]], None]] = {
    "first-load": _first_load,
    "demo": _demo,
    "streams": _streams,
}
