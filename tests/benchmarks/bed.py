"""The test bed: durable servers of its own in a temporary directory, and the processes of the engine on them."""

import contextlib
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sagaconsole.demo.service import MANAGE, Service, base_environment
from sagaconsole.demo.supervisor import end_together
from sagaconsole.embedded import EmbeddedServers
from sagaconsole.embedded.children import adopt_orphans

WORKERS = 2
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
    _secret: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def environment(self, *, max_calls: int = 1000) -> dict[str, str]:
        return base_environment(
            DATABASE_URL=self.servers.database_url, REDIS_URL=self.servers.redis_url, SECRET_KEY=self._secret,
            DJANGO_SETTINGS_MODULE="sagaconsole.settings", SAGA_FUNCTION_MODULES="tests.benchmarks.functions",
            SAGA_MAX_CALLS=str(max_calls), DEBUG="0", TIME_ZONE="UTC",
        )  # fmt: skip

    @contextlib.contextmanager
    def engine(self, *, max_calls: int = 1000) -> Iterator[None]:
        """Two forking workers and the dispatcher, as in a deployment."""
        commands = [("dispatcher", *MANAGE, "dispatcher"), *((f"worker-{n}", *MANAGE, "work") for n in range(WORKERS))]
        with self.running(commands, max_calls=max_calls):
            yield

    @contextlib.contextmanager
    def peers(self, *arguments: str) -> Iterator[None]:
        """Two plain RQ workers on their own tables."""
        module = (sys.executable, "-m", "tests.benchmarks.peer_worker")
        with self.running([(f"peer-{n}", *module, *arguments) for n in range(WORKERS)]):
            yield

    @contextlib.contextmanager
    def running(
        self, commands: Sequence[Sequence[str]], *, max_calls: int = 1000, lasting: bool = True
    ) -> Iterator[list[Service]]:
        """Run commands (name first) while the context lasts; then they are told to end, and ended.

        `lasting`: they are what is measured, and none of them may end by itself.
        """
        environment = self.environment(max_calls=max_calls)
        started = [
            Service(name=name, argv=argv, environment=environment, log=self.directory / f"{name}.log")
            for name, *argv in commands
        ]
        if lasting:
            self.services += started
        try:
            for service in started:
                service.spawn()
            yield started
        finally:
            end_together(started)
            self.services = [service for service in self.services if service not in started]

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


@contextlib.contextmanager
def durable_bed() -> Iterator[Bed]:
    """Everything that is started here is ended at the end, and the directory is removed."""
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="sagaconsole-bench-") as name:
        directory = Path(name)
        directory.chmod(0o711)  # the servers may run under another account
        with EmbeddedServers(directory / "servers") as servers:
            yield Bed(servers, directory)
