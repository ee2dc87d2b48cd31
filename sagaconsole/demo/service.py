"""One process of the demo: started, watched, started again, stopped with everything it has started itself."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sagaconsole.demo.errors import DemoError
from sagaconsole.embedded.children import how_it_ended, kill_session, spawn

ROOT = Path(__file__).resolve().parents[2]
MANAGE = (sys.executable, str(ROOT / "manage.py"))


@dataclass(kw_only=True)
class Service:
    """A Python process in a session of its own, with its output in `log`."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def pid(self) -> int:
        """The process id. Raises DemoError if it was never started."""
        if self._process is None:
            raise DemoError(f"{self.name} is not started")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def ended_how(self) -> str:
        """For a person: "exit code 1" or "SIGKILL"."""
        return how_it_ended(self._process)

    def spawn(self) -> None:
        """Start the process, after ending what an earlier one may have left in its session."""
        self.end_session()
        self._process = spawn(self.argv, directory=ROOT, log=self.log, environment=self.environment)

    def ask_to_end(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self, *, timeout_seconds: float) -> None:
        """Wait for the end, and make it happen after `timeout_seconds`."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, timeout_seconds))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.end_session()

    def end_session(self) -> None:
        if self._process is not None:
            kill_session(self._process.pid)

    def end_of_log(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-12:])


def base_environment(**more: str) -> dict[str, str]:
    """This process's environment without what would change the meaning of ours, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "SAGA_", "DJANGO_"))}
    return kept | {"TZ": "UTC", "PYTHONUNBUFFERED": "1"} | more
