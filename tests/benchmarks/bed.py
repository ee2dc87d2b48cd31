"""The test bed: durable servers of its own in a temporary directory, and the processes of the engine on them."""

import contextlib
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sagaconsole.demo.service import MANAGE, Service, base_environment
from sagaconsole.demo.supervisor import end_together
from sagaconsole.embedded import EmbeddedServers
from sagaconsole.embedded.children import adopt_orphans
from sagaconsole.embedded.ports import HOST
from sagaconsole.embedded.servers import MAIN_DATABASE
from tests.benchmarks.catalogue import WORKERS

PATIENCE_SECONDS = 300.0
LOOK_SECONDS = 0.02


class BenchmarkFailed(Exception):
    """What was to be measured did not work; a figure would be worth nothing."""


@dataclass
class Bed:
    """Servers, and the processes that run on them now."""

    servers: EmbeddedServers
    directory: Path
    services: list[Service] = field(default_factory=list)
    database: str = MAIN_DATABASE
    _secret: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def environment(self, **more: str) -> dict[str, str]:
        database_url = urlsplit(self.servers.database_url)._replace(path=f"/{self.database}").geturl()
        return base_environment(
            DATABASE_URL=database_url, REDIS_URL=self.servers.redis_url, SECRET_KEY=self._secret,
            DJANGO_SETTINGS_MODULE="sagaconsole.settings", SAGA_FUNCTION_MODULES="tests.benchmarks.functions",
            SAGA_PARTICIPANT_HOSTS=HOST, SAGA_MAX_CALLS="1000", DEBUG="0", TIME_ZONE="UTC", **more,
        )  # fmt: skip

    @contextlib.contextmanager
    def engine(self, *, workers: int = WORKERS, **environment: str) -> Iterator[list[Service]]:
        """Forking workers, then the dispatcher, as in a deployment."""
        commands = [(f"worker-{n}", *MANAGE, "work") for n in range(workers)]
        with self.running([*commands, ("dispatcher", *MANAGE, "dispatcher")], environment=environment) as services:
            yield services

    @contextlib.contextmanager
    def peers(self, *arguments: str) -> Iterator[None]:
        """Two plain RQ workers on their own tables."""
        module = (sys.executable, "-m", "tests.benchmarks.peers.rq_worker")
        with self.running([(f"peer-{n}", *module, *arguments) for n in range(WORKERS)]):
            yield

    @contextlib.contextmanager
    def running(
        self, commands: Sequence[Sequence[str]], *, environment: Mapping[str, str] | None = None, lasting: bool = True
    ) -> Iterator[list[Service]]:
        """Run commands (name first) while the context lasts; then they are told to end, and ended.

        `environment`: what differs from ours. `lasting`: they are what is measured, and none of them may end by itself.
        """
        variables = self.environment() | dict(environment or {})
        started = [
            Service(name=name, argv=argv, environment=variables, log=self.directory / f"{name}.log")
            for name, *argv in commands
        ]
        if lasting:
            self.services += started
        try:
            for service in started:
                service.log.unlink(missing_ok=True)
                service.spawn()
            yield started
        finally:
            end_together(started)
            self.services = [service for service in self.services if service not in started]

    def run_to_end(
        self, commands: Sequence[Sequence[str]], *, environment: Mapping[str, str] | None = None
    ) -> list[str]:
        """What each of them printed. Raises BenchmarkFailed when one fails."""
        with self.running(commands, environment=environment, lasting=False) as programs:
            self.wait_until(lambda: not any(program.is_running for program in programs), f"{commands[0][0]} has ended")
            check_exits(programs)
            return [program.log.read_text() for program in programs]

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Raises BenchmarkFailed when a process has ended, or when it takes too long."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            for service in self.services:
                if not service.is_running:
                    raise BenchmarkFailed(f"{service.name} ended ({service.ended_how}):\n{service.end_of_log()}")
            if time.monotonic() > deadline:
                raise BenchmarkFailed(f"{what}: not in {PATIENCE_SECONDS:g} s")
            time.sleep(LOOK_SECONDS)


def check_exits(programs: Sequence[Service]) -> None:
    """Raises BenchmarkFailed when one of those that have ended failed."""
    for program in programs:
        if not program.is_running and program.ended_how != "exit code 0":
            raise BenchmarkFailed(f"{program.name} ended ({program.ended_how}):\n{program.end_of_log()}")


@contextlib.contextmanager
def durable_bed(keep: Path | None = None) -> Iterator[Bed]:
    """Everything that is started here is ended at the end. The servers' data go into `keep`, else they are removed."""
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="sagaconsole-bench-") as name:
        directory = Path(name)
        directory.chmod(0o711)  # the servers may run under another account
        with EmbeddedServers(keep or directory / "servers") as servers:
            yield Bed(servers, directory)
