"""Consumers by the dozen: one process loads everything, and each consumer is forked from it, ready to begin.

`python -m tests.orchestration.triggers.nursery`: each line on its input is answered with the id of a new consumer.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.orchestration.nursery import ROOT
from tests.orchestration.real_processes import database_url


class Nursery:
    """Its consumers are sessions of their own; who kills one waits for no import of the next."""

    def __init__(self, log: Path, **environment: str) -> None:
        # As manage.py has it for this command. Each child makes its own pool, with its first connection.
        values = os.environ | {"DATABASE_URL": database_url(), "DATABASE_POOL": "10"} | environment
        with log.open("ab") as written:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.orchestration.triggers.nursery"], cwd=ROOT, env=values, text=True,
                bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=written, start_new_session=True,
            )  # fmt: skip
        self._living: set[int] = set()

    def consumer(self) -> int:
        """A new consumer's process id."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        pid = int(self._process.stdout.readline())
        self._living.add(pid)
        return pid

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        self._living.discard(pid)

    def close(self) -> None:
        for pid in list(self._living):
            self.kill(pid)
        self._process.kill()
        self._process.communicate()


def main() -> None:
    import django  # noqa: PLC0415  the helper above is used where Django is set up already

    django.setup()
    from orchestration.management.commands.consume import Command  # noqa: PLC0415  needs Django
    from orchestration.triggers.amqp import consumer  # noqa: F401, PLC0415  loaded here, so that no child has to

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are nobody's business
    for _line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _be(Command())
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _be(command: Any) -> None:
    """`manage.py consume`, with what was loaded before."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    try:
        command.handle(no_events=False)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
