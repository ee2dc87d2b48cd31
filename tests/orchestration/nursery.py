"""Management commands in processes of their own, forked from one that has imported everything: a start takes a moment.

The nursery is `python -m tests.orchestration.nursery`. It reads one request per line, forks, and tells of births and
deaths. It ends with its parent, by the end of its input.
"""

import contextlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Born:
    """A process that the nursery has forked, with what is needed of `subprocess.Popen`."""

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._nursery = nursery

    def send_signal(self, number: int) -> None:
        """To a process that is known to have ended nothing is sent."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def poll(self) -> int | None:
        self._nursery.listen(0)
        self.returncode = self._nursery.ended.get(self.pid)
        return self.returncode

    def wait(self, timeout: float = 60) -> int:
        """Its exit code, or minus the signal that killed it. Raises subprocess.TimeoutExpired."""
        give_up_at = time.monotonic() + timeout
        while self.poll() is None:
            if (left := give_up_at - time.monotonic()) <= 0:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            self._nursery.listen(left)
        assert self.returncode is not None
        return self.returncode


class Nursery:
    """`ended`: exit codes of those that have ended, by process id."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.ended: dict[int, int] = {}
        self._born: list[int] = []
        self._unread = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.orchestration.nursery"], cwd=ROOT, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def start(self, argv: list[str], log: Path, environment: dict[str, str]) -> Born:
        assert self._process.stdin is not None
        request = json.dumps({"argv": argv, "log": str(log), "environment": environment})
        self._process.stdin.write(request.encode() + b"\n")
        self._process.stdin.flush()
        give_up_at = time.monotonic() + 60
        while not self._born:
            assert time.monotonic() < give_up_at, "nothing is born"
            self.listen(1)
        return Born(self, self._born.pop())

    def listen(self, seconds: float) -> None:
        """Take in what it tells, and wait for that so long."""
        assert self._process.stdout is not None
        told = self._process.stdout.fileno()
        if not select.select([told], [], [], seconds)[0]:
            return
        chunk = os.read(told, 65536)
        assert chunk, "the nursery has died"
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        for line in lines:
            what, *numbers = line.split()
            if what == b"born":
                self._born.append(int(numbers[0]))
                self.ended.pop(int(numbers[0]), None)
            else:
                self.ended[int(numbers[0])] = int(numbers[1])

    def close(self) -> None:
        self._process.communicate()


# -- in the nursery itself -----------------------------------------------------------------------------------------


def main() -> None:
    import django  # noqa: PLC0415  whoever uses the nursery has Django already

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sagaconsole.settings")
    django.setup()
    from orchestration import jobs  # noqa: F401, PLC0415  what the commands need is imported now
    from orchestration.drain import loop  # noqa: F401, PLC0415
    from orchestration.management.commands import dispatcher, work  # noqa: F401, PLC0415

    read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    unread = b""
    while True:
        ready = select.select([0, read], [], [])[0]
        if read in ready:
            os.read(read, 4096)
            _reap()
        if 0 in ready:
            if not (chunk := os.read(0, 65536)):
                return
            *lines, unread = (unread + chunk).split(b"\n")
            for line in lines:
                _bear(json.loads(line), [read, write])


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            _tell("ended", found[0], os.waitstatus_to_exitcode(found[1]))


def _tell(what: str, *numbers: int) -> None:
    os.write(1, " ".join([what, *map(str, numbers)]).encode() + b"\n")


def _bear(asked: dict[str, Any], pipes: list[int]) -> None:
    if (pid := os.fork()) != 0:
        _tell("born", pid)
        return
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for old, new in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(old, new)
        for one in (nothing, log, *pipes):
            os.close(one)
        os.environ.update(asked["environment"])
        random.seed()  # else all of them would draw the same jitter
        from django.core.management import execute_from_command_line  # noqa: PLC0415  needs the settings

        execute_from_command_line(["manage.py", *asked["argv"]])
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception:  # noqa: BLE001  its log says what went wrong, as with any program
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
