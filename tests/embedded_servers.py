"""Pytest plugin: the tests bring their own PostgreSQL and Valkey, started before Django reads its settings.

With DATABASE_URL and REDIS_URL set, those servers are used instead. Parallel runs (pytest-xdist) share the servers of
the first process; every worker has its own test database (pytest-django) and its own Redis database number.
"""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from sagaconsole.embedded import EmbeddedServers
from sagaconsole.embedded.locks import try_lock

_PREFIX = "sagaconsole-tests-"
_ENVIRONMENT = {
    "SECRET_KEY": "only-for-tests-" + "0" * 40,
    "SAGA_ALLOW_FAULTS": "1",
    "SAGA_PARTICIPANT_HOSTS": "127.0.0.1,localhost",
    "SAGA_WEBHOOK_HOSTS": "127.0.0.1,localhost",
    "DEBUG": "0",
}
_running = pytest.StashKey[tuple[EmbeddedServers, Path]]()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if broker := os.environ.pop("AMQP_URL", ""):
        # Only the tests that are about it may use the broker: what reads AMQP_URL acts differently where there is one.
        os.environ["SAGA_TEST_AMQP_URL"] = broker
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        os.environ["REDIS_URL"] = _numbered(os.environ["REDIS_URL"], 1 + int(worker.removeprefix("gw")))
    elif not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        _start(early_config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Runs at the end of every session, after Ctrl-C too. A killed session takes its servers along."""
    if _running in config.stash:
        servers, directory = config.stash[_running]
        servers.stop()
        shutil.rmtree(directory)


def _start(config: pytest.Config) -> None:
    _remove_leftovers()
    directory = _locked_directory()
    servers = EmbeddedServers(directory, durable=False)
    servers.start()
    config.stash[_running] = servers, directory
    os.environ["DATABASE_URL"] = servers.database_url
    os.environ["REDIS_URL"] = servers.redis_url


def _locked_directory() -> Path:
    """A new directory with a lock that is held until this process ends, however it ends.

    The lock tells a later run which directories were left behind. Until it is held the directory has another name.
    """
    unlocked = Path(tempfile.mkdtemp(prefix="new-"))
    try_lock(unlocked)
    return unlocked.rename(unlocked.with_name(unlocked.name.replace("new-", _PREFIX, 1)))


def _remove_leftovers() -> None:
    for directory in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(FileNotFoundError, PermissionError):  # another run is faster; another user's
            if (lock := try_lock(directory)) is not None:
                shutil.rmtree(directory)
                os.close(lock)


def _numbered(redis_url: str, number: int) -> str:
    return urlunsplit(urlsplit(redis_url)._replace(path=f"/{number}"))
