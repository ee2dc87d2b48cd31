"""A bounded number of threads, each with a connection of its own that stays open.

Django gives each request under ASGI a new thread, and with it a new connection. So the views are async, and what needs
the database runs here: at most `CONNECTIONS` connections, whatever comes in.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import OperationalError, close_old_connections, connection
from psycopg.errors import LockNotAvailable

from participants_demo.protocol import BusyError, UnavailableError

T = TypeVar("T")
CONNECTIONS = 8  # measured: with 16, threads fight for the interpreter lock and less gets done
TRUSTED_SECONDS = 1  # a connection used within this time is not checked before it is used again


class _Thread(threading.local):
    used_at = 0.0  # on the monotonic clock, in seconds; 0 when the connection must be checked before it is used


_thread = _Thread()
_threads = ThreadPoolExecutor(max_workers=CONNECTIONS, thread_name_prefix="database")


async def in_database(work: Callable[[], T]) -> T:
    """Run `work` in a thread that has a connection. Raises UnavailableError, BusyError, and what `work` raises."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _connected, work)


def _connected(work: Callable[[], T]) -> T:
    _connect()
    try:
        return work()
    except OperationalError as error:
        _thread.used_at = 0.0
        if isinstance(error.__cause__, LockNotAvailable):
            raise BusyError("another call for the same thing is still running") from error
        raise  # the commit may or may not have happened: a 500 says "in doubt"


def _connect() -> None:
    # Nothing was sent yet, so this failure alone may say "not done, try again later".
    try:
        if time.monotonic() - _thread.used_at > TRUSTED_SECONDS:
            close_old_connections()
            connection.close_if_health_check_failed()
        _thread.used_at = time.monotonic()
        connection.ensure_connection()
    except OperationalError as error:
        raise UnavailableError("the database cannot be reached") from error
