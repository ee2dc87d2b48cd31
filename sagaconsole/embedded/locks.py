"""Locks on files, held by whoever has the file open, so that they end with their holders and are never stale."""

import fcntl
import os
import time
from pathlib import Path

_POLL_SECONDS = 0.02


def try_lock(path: Path, *, wait_seconds: float = 0.0) -> int | None:
    """Lock `path` (a file, made if needed, or a directory) and return its open descriptor; None if it stays locked.

    The lock belongs to the open file: a child that inherits the descriptor keeps it after the parent has closed it.
    """
    descriptor = _open(path)
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return None
            time.sleep(_POLL_SECONDS)
        else:
            return descriptor


def _open(path: Path) -> int:
    if path.is_dir():
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
