"""Log files that start empty and stay small."""

import os
import shutil
from pathlib import Path

_LARGEST_BYTES = 20 * 1024 * 1024


def make_empty(directory: Path) -> None:
    """Forget the logs of the last run."""
    directory.mkdir(mode=0o700, exist_ok=True)
    for log in directory.glob("*.log*"):
        log.unlink()


def keep_small(directory: Path) -> None:
    """Move what a large log holds to `<name>.log.1`. The processes append, so they go on in the emptied file."""
    for log in directory.glob("*.log"):
        if log.stat().st_size > _LARGEST_BYTES:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)
