"""The data directory of a demo: known by its marker, used by one demo at a time."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sagaconsole.demo.errors import DemoError
from sagaconsole.embedded.locks import try_lock

MARKER = "THIS-IS-A-SAGACONSOLE-DEMO"
_MARKER_TEXT = "`manage.py demo --fresh` deletes everything beside this file.\n"
# A demo that was killed is still writing its data out for a moment.
_LOCK_SECONDS = 1.0
_LEFTOVERS_SECONDS = 20.0


@contextlib.contextmanager
def demo_directory(path: Path, *, fresh: bool) -> Iterator[Path]:
    """The directory at `path`, made if needed and locked while the context lasts; emptied first when `fresh`.

    Raises DemoError when another demo uses it, or when it holds something that no demo has made.
    """
    try:
        directory = _made(path)
        lock = try_lock(directory, wait_seconds=_LOCK_SECONDS)
    except OSError as error:
        raise DemoError(f"cannot use {path} as data directory: {error.strerror}") from error
    if lock is None:
        raise DemoError(f"another demo runs on {directory}: stop it, or choose another --data-dir")
    try:
        _check_that_it_is_ours(directory)
        if fresh:
            _empty(directory)
        (directory / MARKER).write_text(_MARKER_TEXT)
        yield directory
    finally:
        os.close(lock)


def _made(path: Path) -> Path:
    directory = path.resolve()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


def _check_that_it_is_ours(directory: Path) -> None:
    if any(directory.iterdir()) and not (directory / MARKER).is_file():
        raise DemoError(f"{directory} is not the data directory of a demo and is left alone: choose another --data-dir")
    if directory.stat().st_uid != os.geteuid():
        raise DemoError(f"{directory} belongs to another user: choose another --data-dir")


def _empty(directory: Path) -> None:
    for lock_file in directory.glob("*.lock"):
        if (lock := try_lock(lock_file, wait_seconds=_LEFTOVERS_SECONDS)) is None:
            raise DemoError(f"{lock_file.stem} of an earlier demo still runs on {directory}")
        os.close(lock)
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != MARKER:
            entry.unlink()
