"""Keeps processes running: starts again what has died, within the seconds that the demo promises."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from sagaconsole.embedded import EmbeddedServerError

_QUICK_DEATH_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 3.0


class Process(Protocol):
    """What can be watched: a service of the demo, or an embedded server."""

    @property
    def name(self) -> str: ...
    @property
    def is_running(self) -> bool: ...
    @property
    def ended_how(self) -> str: ...
    @property
    def pid(self) -> int: ...
    def spawn(self) -> None: ...


@dataclass
class _Watched:
    process: Process
    started_at: float
    pause_seconds: float = 0.0
    start_at: float | None = None


class Watch:
    """Looks after a set of processes; `look` is called several times a second. Times are of the monotonic clock."""

    def __init__(self, processes: Iterable[Process], *, say: Callable[[str], None]) -> None:
        self._say = say
        self._watched = [_Watched(process, time.monotonic()) for process in processes]

    def look(self) -> bool:
        """Start again what has died; true when a process id has changed. A process that keeps dying is paused."""
        restarted = [watched for watched in self._watched if not watched.process.is_running and self._restart(watched)]
        reap_strangers(known={watched.process.pid for watched in self._watched})
        return bool(restarted)

    def _restart(self, watched: _Watched) -> bool:
        now = time.monotonic()
        if watched.start_at is None:
            watched.pause_seconds = _next_pause(watched, now)
            watched.start_at = now + watched.pause_seconds
            self._tell(watched)
        if now < watched.start_at:
            return False
        try:
            watched.process.spawn()
        except (EmbeddedServerError, OSError):  # what it left is still ending, or the disk is full: the next look tries
            return False
        watched.started_at, watched.start_at = now, None
        return True

    def _tell(self, watched: _Watched) -> None:
        name, how = watched.process.name, watched.process.ended_how
        if watched.pause_seconds == 0:
            self._say(f"{name} has ended ({how}); it is started again")
        elif watched.pause_seconds == _FIRST_PAUSE_SECONDS:
            self._say(f"{name} keeps ending ({how}); it is tried again and again, and its log says why")


def reap_strangers(*, known: set[int]) -> None:
    """Collect ended processes that were handed to this one when their own parent died."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None or ended.si_pid in known:
            return
        os.waitpid(ended.si_pid, os.WNOHANG)


def _next_pause(watched: _Watched, now: float) -> float:
    if now - watched.started_at > _QUICK_DEATH_SECONDS:
        return 0.0
    return min(_LONGEST_PAUSE_SECONDS, max(_FIRST_PAUSE_SECONDS, 2 * watched.pause_seconds))
