"""The system under test: `manage.py demo` on a directory of its own, and the processes it consists of."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from sagaconsole.demo.service import MANAGE, ROOT, base_environment
from sagaconsole.embedded.children import spawn

_READY_SECONDS = 180.0
_STOP_SECONDS = 20.0
_LOOK_SECONDS = 0.5
_WRONG_CLOCK = "worker-with-a-wrong-clock"


class NotReady(Exception):
    """The system did not start; the text holds the end of its output."""


class System:
    """A running demo. `directory` holds its output and its data."""

    def __init__(self, *, workers: int) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="sagaconsole-faults-"))
        self._output = self.directory / "output.txt"
        self._demo_json = self.directory / "data" / "demo.json"
        self._companions: dict[str, subprocess.Popen[bytes]] = {}
        about = ["--port", "0", "--workers", str(workers), "--data-dir", str(self.directory / "data")]
        # Asked to end when this process ends, however it ends.
        self._process: subprocess.Popen[bytes] = spawn(
            [*MANAGE, "demo", *about], directory=ROOT, log=self._output, environment=base_environment(),
            death_signal=signal.SIGTERM,
        )  # fmt: skip

    async def ready(self) -> None:
        """Return when the demo says that everything answers. Raises NotReady."""
        deadline = time.monotonic() + _READY_SECONDS
        while not self._demo_json.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise NotReady(self._output.read_text(errors="replace")[-2000:])
            await asyncio.sleep(0.2)

    async def keep_companions(self, seconds: float, *, clock_off_seconds: int) -> None:
        """A second dispatcher, and a worker whose clock is wrong: told what the first ones are, kept running."""
        like, environment = told_to(self.processes("workers")[0])
        wrong = [like[0], "-m", "tests.faults.wrong_clock", str(clock_off_seconds), *like[1:]]
        companions = {"dispatcher": told_to(self.processes("dispatcher")[0]), _WRONG_CLOCK: (wrong, environment)}
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, (words, its_environment) in companions.items():
                running = self._companions.get(name)
                if running is None or running.poll() is not None:
                    self._companions[name] = spawn(
                        words, directory=ROOT, log=self.directory / f"second-{name}.txt", environment=its_environment,
                        death_signal=signal.SIGTERM,
                    )  # fmt: skip
            await asyncio.sleep(_LOOK_SECONDS)

    async def manage(self, *words: str) -> tuple[int, str]:
        """Run a management command as the dispatcher is run; its exit status and what it said."""
        _words, environment = told_to(self.processes("dispatcher")[0])
        process = await asyncio.create_subprocess_exec(
            *MANAGE, *words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        said, _nothing = await process.communicate()
        return process.returncode or 0, said.decode(errors="replace").strip()

    @property
    def facts(self) -> dict[str, Any]:
        """What demo.json says now. Its process ids change when something was started again."""
        content: dict[str, Any] = json.loads(self._demo_json.read_text())
        return content

    def processes(self, name: str) -> list[int]:
        """The ids of `dispatcher`, `web`, `postgres`, `valkey`, `workers`, or of the workers' `children`.

        The worker whose clock is wrong is one of the workers.
        """
        if name == "children":
            return [child for worker in self.processes("workers") for child in children_of(worker)]
        found = self.facts["pids"][name]
        if name == "workers":
            wrong = self._companions.get(_WRONG_CLOCK)
            return [*found, wrong.pid] if wrong is not None and wrong.poll() is None else list(found)
        return list(found) if isinstance(found, list) else [found]

    def stop(self) -> None:
        """End it, as Ctrl-C would; killed when it does not end, and then the kernel ends what it has started."""
        for companion in self._companions.values():
            companion.kill()
            companion.wait()
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)


def children_of(pid: int) -> list[int]:
    """The processes that `pid` has forked; none when it is gone."""
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def told_to(pid: int) -> tuple[list[str], dict[str, str]]:
    """The command line and the environment that a process was started with."""
    argv, told = (Path(f"/proc/{pid}/{name}").read_text().split("\0") for name in ("cmdline", "environ"))
    return [word for word in argv if word], dict(variable.split("=", 1) for variable in told if variable)


def send(pid: int, number: signal.Signals) -> bool:
    """Signal a process; False when it is gone. A descriptor makes sure that the number was not given to another."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True
