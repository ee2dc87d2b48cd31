"""Real workers and a real dispatcher on the test database, and waiting for what they do."""

import atexit
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from django.db import connection

from tests.orchestration.nursery import ROOT, Born, Nursery

PATIENCE_SECONDS = 40.0
T = TypeVar("T")
Process = subprocess.Popen[bytes] | Born
# What another environment changes is read when the settings are, so only these, without one of their own, are forked.
FORKED = ("work", "dispatcher")


def database_url() -> str:
    """The address of the test database, for other processes."""
    given = connection.settings_dict
    return f"postgres://{given['USER']}:{quote(given['PASSWORD'])}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


class Processes:
    """Starts management commands in sessions of their own and ends them by id."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[Process] = []

    def start(self, command: str, *options: str, **environment: str) -> Process:
        values = os.environ | {"DATABASE_URL": database_url(), "SAGA_FUNCTION_MODULES": "tests.orchestration.remote"}
        log = self._logs / f"{command}-{len(self._running)}.log"
        argv = [command, *options]
        if command in FORKED and not environment:
            process: Process = nursery(values).start(argv, log, values)
        else:
            process = _from_nothing(argv, log, values | environment)
        self._running.append(process)
        return process

    def stop_all(self) -> None:
        for process in self._running:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


def _from_nothing(argv: list[str], log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "manage.py", *argv], cwd=ROOT, env=environment,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip


@cache
def _nursery(_database: str, _redis: str) -> Nursery:
    values = {"DATABASE_URL": database_url(), "SAGA_FUNCTION_MODULES": "tests.orchestration.remote"}
    made = Nursery(os.environ | values)
    atexit.register(made.close)
    return made


def nursery(values: dict[str, str]) -> Nursery:
    """One for each database that tests of this process have run on."""
    return _nursery(values["DATABASE_URL"], values["REDIS_URL"])


def children_of(pid: int) -> list[int]:
    """The processes that `pid` has forked."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(what: str, condition: Callable[[], T]) -> T:
    """Look again and again until `condition` gives something true, and return that."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        if found := condition():
            return found
        time.sleep(0.05)  # between two looks; what ends the waiting is the condition
    raise AssertionError(f"waited {PATIENCE_SECONDS:.0f} s in vain for: {what}")
