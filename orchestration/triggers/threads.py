"""Django's database calls, off the event loop: a bounded number of threads, and no work after its deadline."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import Error, close_old_connections, connection
from psycopg.errors import QueryCanceled

THREADS = 8
T = TypeVar("T")


class DeadlinePassed(Exception):
    """The caller's time was over before the work was done; nothing of it was."""


class DatabaseThreads:
    """Made inside the running loop; `close` lets what runs end."""

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="database")

    async def run(self, work: Callable[[], T], *, seconds: float | None = None) -> T:
        """Raises DeadlinePassed when `seconds` (None: no limit) were not enough, and what `work` raises."""
        end = None if seconds is None else time.monotonic() + seconds
        return await asyncio.get_running_loop().run_in_executor(self._pool, _connected, work, end)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def _connected(work: Callable[[], T], end: float | None) -> T:
    close_old_connections()
    try:
        return work() if end is None else _until(end, work)
    finally:
        connection.close()  # with a pool, it goes back to it


def _until(end: float, work: Callable[[], T]) -> T:
    """PostgreSQL itself ends a statement whose time is over, such as one that waits for a lock."""
    if (left := end - time.monotonic()) <= 0:
        raise DeadlinePassed
    try:
        _limit(max(1, int(left * 1000)))
        return work()
    except Error as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise DeadlinePassed from error
        raise
    finally:
        with contextlib.suppress(Error):  # a connection that is gone has no limit either
            _limit(0)


def _limit(milliseconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = {milliseconds}")
