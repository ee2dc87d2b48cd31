"""What PostgreSQL and Valkey have in common as children of this process: start, wait until ready, stop, restart."""

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from sagaconsole.embedded.account import Account, private_directory
from sagaconsole.embedded.children import end, how_it_ended
from sagaconsole.embedded.errors import EmbeddedServerError
from sagaconsole.embedded.locks import try_lock
from sagaconsole.embedded.ports import free_port

_LEFTOVERS_SECONDS = 20.0
_READY_SECONDS = 60.0
_CHILDREN_SECONDS = 2.0
_POLL_SECONDS = 0.02
_PORTS_TO_TRY = 3


class Server(ABC):
    """One server with its own directory `<data_dir>/<name>`, log `<data_dir>/logs/<name>.log` and port."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    def __init__(self, data_dir: Path, account: Account | None) -> None:
        self.account = account
        self.directory = private_directory(data_dir / self.name, account)
        self.log = data_dir / "logs" / f"{self.name}.log"
        self.port = 0
        self._lock = data_dir / f"{self.name}.lock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the server. Raises EmbeddedServerError if it was never started."""
        if self._process is None:
            raise EmbeddedServerError(f"{self.name} is not started")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def ended_how(self) -> str:
        """For a person: "exit code 1" or "SIGKILL"."""
        return how_it_ended(self._process)

    def start(self) -> None:
        """Start on a free port, which later restarts keep, and return when the server answers."""
        for ports_left in reversed(range(_PORTS_TO_TRY)):
            self.port = free_port()
            self.spawn(wait_seconds=_LEFTOVERS_SECONDS)
            try:
                self.wait_until_ready()
            except EmbeddedServerError:
                # Between looking for the port and taking it, somebody else may have been faster.
                if self.is_running or not ports_left:
                    raise
            else:
                break

    def spawn(self, *, wait_seconds: float = 0.0) -> None:
        """Start the process without waiting for it to answer.

        Every process of a server holds the lock on its directory, so that processes which a crash left behind cannot
        meet the new ones. They end by themselves: raises EmbeddedServerError if they are there after `wait_seconds`.
        """
        lock = try_lock(self._lock, wait_seconds=wait_seconds)
        if lock is None:
            raise EmbeddedServerError(f"{self.directory} is in use by another {self.name}")
        try:
            self._process = self._spawn(lock)
        finally:
            os.close(lock)

    def wait_until_ready(self) -> None:
        """Return when the server answers. Raises EmbeddedServerError with the end of its log when it does not."""
        deadline = time.monotonic() + _READY_SECONDS
        while not (self.is_running and self._answers()):
            if not self.is_running or time.monotonic() > deadline:
                raise EmbeddedServerError(f"{self.name} does not start:\n{self._end_of_log()}")
            time.sleep(_POLL_SECONDS)

    def stop(self, *, grace_seconds: float = 15.0) -> None:
        """Stop cleanly; killed after `grace_seconds`, which the next start repairs. No process of it is left then."""
        if self._process is None:
            return
        end(self._process, first=self.stop_signal, grace_seconds=grace_seconds)
        # The children of a killed server end by themselves, but not in the same instant.
        if (lock := try_lock(self._lock, wait_seconds=_CHILDREN_SECONDS)) is not None:
            os.close(lock)

    def restart(self) -> None:
        """Stop if it runs, start again on the same port, and return when it answers."""
        self.stop()
        self.spawn(wait_seconds=_LEFTOVERS_SECONDS)
        self.wait_until_ready()

    @abstractmethod
    def _spawn(self, lock: int) -> subprocess.Popen[bytes]:
        """Start the program with the descriptor `lock` left open."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether the server can be used now."""

    def _end_of_log(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-8:]) if self.log.exists() else "(no log)"
