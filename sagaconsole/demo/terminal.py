"""Words for the person in front of the terminal, and the signals that person sends."""

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType

from sagaconsole.demo.errors import Stopped

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def say(text: str) -> None:
    # A terminal that was closed must not end the demo: that is what the signals are for.
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


@contextlib.contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Raise Stopped at the first Ctrl-C, SIGTERM or SIGHUP. Later ones are ignored, so that the end is orderly."""
    for number in _SIGNALS:
        signal.signal(number, _stop)
    yield


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Stopped
