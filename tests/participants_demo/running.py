"""Starting real participants against databases of their own, and calling them as the orchestrator would."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx2
import psycopg

from sagaconsole.embedded.children import end, spawn
from sagaconsole.embedded.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 30
SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ="


@dataclass(frozen=True)
class Participant:
    """A running participant: where it answers, and its database, to look behind its back."""

    name: str
    url: str
    database_url: str
    pid: int
    http: httpx2.Client

    def call(self, path: str, saga_id: str, sent: Any = None, *, epoch: int = 1, **other: Any) -> httpx2.Response:
        """POST one call: an action unless `direction` says otherwise."""
        direction = other.pop("direction", "action")
        body = {"saga_id": saga_id, "saga": "test", "business_key": "b", "step": "step-1", "direction": direction,
                "attempt": 1, "input": sent, "output": None}  # fmt: skip
        more = other.pop("headers", {})
        headers = {"Idempotency-Key": f"{saga_id}:step-1:{direction}", "Saga-Epoch": str(epoch), **more}
        # Not the client's own JSON: it refuses to write the lone surrogates that a test sends.
        return self.http.post(self.url + path, content=json.dumps(body), headers=headers, **other)

    def undo(self, path: str, saga_id: str, *, epoch: int = 1) -> httpx2.Response:
        return self.call(path, saga_id, epoch=epoch, direction="compensation")

    def at_once(self, count: int, make_call: Callable[[], httpx2.Response]) -> list[httpx2.Response]:
        with ThreadPoolExecutor(count) as threads:
            return [call.result() for call in [threads.submit(make_call) for _ in range(count)]]

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(self.url + path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self, saga_id: str, direction: str = "action") -> dict[str, Any]:
        return dict(self.get("/status", key=f"{saga_id}:step-1:{direction}"))

    def effects(self, saga_id: str) -> list[tuple[str, int]]:
        """Direction and amount of each ledger entry."""
        entries = self.get("/ledger", saga_id=saga_id)["entries"]
        return [(entry["direction"], entry["effect"]["amount"]) for entry in entries]

    @contextlib.contextmanager
    def database(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            yield connection


def new_saga() -> str:
    return str(uuid4())


def until(condition: Callable[[], Any]) -> Any:
    """Wait until the condition is true, and return what it gave."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < give_up_at, "waited in vain"
        time.sleep(0.01)
    return found


@contextlib.contextmanager
def own_database(name: str) -> Iterator[str]:
    """A new, migrated database for one participant; it is dropped at the end."""
    server = os.environ["DATABASE_URL"]
    database = f"test_{name}_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{database}"')
        try:
            url = urlunsplit(urlsplit(server)._replace(path=f"/{database}"))
            migrate(name, url)
            yield url
        finally:
            connection.execute(f'DROP DATABASE "{database}" WITH (FORCE)')


def migrate(name: str, database_url: str) -> None:
    argv = [sys.executable, "-m", "participants_demo", name, "migrate"]
    subprocess.run(argv, cwd=ROOT, env={**os.environ, "DATABASE_URL": database_url}, check=True)


@contextlib.contextmanager
def running(name: str, database_url: str, directory: Path, **environment: str) -> Iterator[Participant]:
    """A participant's process, which answers; it is ended at the end."""
    port = free_port()
    process = spawn(
        [sys.executable, "-W", "error::ResourceWarning", "-m", "participants_demo", name],
        log=directory / f"{name}-{port}.log",
        directory=ROOT,
        environment={**os.environ, "AMQP_URL": "", "DATABASE_URL": database_url, "PORT": str(port), **environment},
    )
    try:
        with httpx2.Client(timeout=PATIENCE_SECONDS, limits=httpx2.Limits(max_connections=None)) as http:
            participant = Participant(name, f"http://127.0.0.1:{port}", database_url, process.pid, http)
            until(lambda: answers(participant))
            yield participant
    finally:
        end(process, first=signal.SIGTERM, grace_seconds=10)


def answers(participant: Participant) -> bool:
    try:
        return participant.http.get(participant.url + "/healthz").status_code == 200
    except httpx2.TransportError:
        return False
