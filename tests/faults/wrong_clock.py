"""`python -m tests.faults.wrong_clock 3600 manage.py work`: a program of ours on a machine whose clock is wrong.

Its wall clock is so many seconds ahead (behind: negative), in `time` and in `datetime`; its monotonic clock is right,
as on such a machine. libfaketime would do this to any program, but only where a shared library can be preloaded.
"""

import datetime as dt
import runpy
import sys
import time
from datetime import datetime as TrueDatetime  # noqa: N812  in this module there are two
from typing import Any

true_time, true_time_ns = time.time, time.time_ns


class _AlsoTrueOnes(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, TrueDatetime)


def set_wrong(seconds: float) -> None:
    """From now on, for what is imported from now on."""
    off = dt.timedelta(seconds=seconds)

    class WrongDatetime(TrueDatetime, metaclass=_AlsoTrueOnes):
        """Knows a wrong time; what it gives out are true datetimes."""

        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return TrueDatetime.now(tz) + off

        @classmethod
        def utcnow(cls) -> Any:
            return TrueDatetime.now(dt.UTC).replace(tzinfo=None) + off

    WrongDatetime.__module__, WrongDatetime.__qualname__ = "datetime", "datetime"
    dt.datetime = WrongDatetime  # type: ignore[misc]  # on purpose: everybody shall get the wrong one
    time.time = lambda: true_time() + (0 if _asked_by_grpc() else seconds)
    time.time_ns = lambda: true_time_ns() + int(seconds * 1_000_000_000)


def _asked_by_grpc() -> bool:
    """It hands its deadlines to C code that asks the machine itself; on such a machine both would be wrong together."""
    return str(sys._getframe(2).f_globals.get("__name__")).startswith("grpc.")


if __name__ == "__main__":
    set_wrong(float(sys.argv[1]))
    sys.argv = sys.argv[2:]
    runpy.run_path(sys.argv[0], run_name="__main__")
