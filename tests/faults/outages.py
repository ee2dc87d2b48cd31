"""What is away or full for a while, and then back."""

import asyncio
import contextlib
import os
import resource
import signal
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.faults.schedule import Kind
from tests.faults.system import System, children_of, send

_LOOK_SECONDS = 0.05
_LEAST_MEMORY = "1"  # bytes: no write fits
_NO_LIMIT = "0"


async def valkey_away(system: System, seconds: float) -> None:
    """Valkey is killed as often as it is started. Returns when it answers again."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for pid in system.processes("valkey"):
            if _is("valkey-server", pid):  # the number of one that has ended may be another's by now
                send(pid, signal.SIGKILL)
        await asyncio.sleep(_LOOK_SECONDS)
    await _until_done(system, lambda valkey: valkey.ping())


async def valkey_full(system: System, seconds: float) -> None:
    """Valkey refuses every write. A Valkey that is killed meanwhile comes back with room."""
    await _until_done(system, lambda valkey: valkey.config_set("maxmemory", _LEAST_MEMORY))
    await asyncio.sleep(seconds)
    await _until_done(system, lambda valkey: valkey.config_set("maxmemory", _NO_LIMIT))


async def disk_full(system: System, seconds: float) -> None:
    """No process of PostgreSQL can write to any file, one that is started again neither: as on a disk that is full.

    By a limit of the kernel (RLIMIT_FSIZE), so the error is "file too large" and not "no space left"; PostgreSQL treats
    both alike.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for pid in _postgres(system):
            _limit_files(pid, 0)
        await asyncio.sleep(_LOOK_SECONDS)
    for pid in _postgres(system):
        _limit_files(pid, None)


OUTAGES: Mapping[Kind, Callable[[System, float], Awaitable[None]]] = {
    Kind.VALKEY_AWAY: valkey_away,
    Kind.VALKEY_FULL: valkey_full,
    Kind.DISK_FULL: disk_full,
}


async def _until_done(system: System, ask: Callable[[Redis], Awaitable[object]]) -> None:
    while True:
        try:
            async with Redis.from_url(system.facts["redis_url"]) as valkey:
                await ask(valkey)
        except RedisError:
            await asyncio.sleep(_LOOK_SECONDS)
        else:
            return


def _postgres(system: System) -> Iterator[int]:
    """The server and all processes that it has forked."""
    for server in system.processes("postgres"):
        if _is("postgres", server):
            yield server
            yield from children_of(server)


def _limit_files(pid: int, most: int | None) -> None:
    """How long a file the process may write; None: as long as it was allowed before."""
    with contextlib.suppress(ProcessLookupError, FileNotFoundError), _as_owner_of(pid):
        _soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if most is None else most, hard))


@contextlib.contextmanager
def _as_owner_of(pid: int) -> Iterator[None]:
    """Root may lack the capability to limit others (in a container), and become them all the same, for a moment."""
    owner = Path(f"/proc/{pid}").stat()
    if owner.st_uid == os.getuid():
        yield
        return
    os.setresgid(owner.st_gid, owner.st_gid, 0)
    os.setresuid(owner.st_uid, owner.st_uid, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)


def _is(program: str, pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip() == program
    return False
