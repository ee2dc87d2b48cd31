"""The demo's four services, started for the tests of the engine, and sagas whose steps call them over HTTP."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from orchestration import faults
from orchestration.models import Participant as Enrolled
from orchestration.models import Saga
from sagaconsole.demo.answers import answers
from sagaconsole.embedded.children import end, spawn
from sagaconsole.embedded.ports import free_port
from tests.orchestration.nursery import ROOT
from tests.orchestration.real_processes import database_url
from tests.orchestration.scripted import admin
from tests.participants_demo.running import Participant, own_database, running, until

NAMES = ("orders", "payments", "inventory", "shipping")
RESERVE = {"name": "reserve", "participant": "inventory", "action": "/reserve", "compensation": "/release"}
CHARGE = {"name": "charge", "participant": "payments", "action": "/charge", "compensation": "/refund"}
BOOK = {"name": "book", "participant": "shipping", "action": "/book", "compensation": "/cancel"}
WANTED = {"sku": "SKU-1", "qty": 2, "card": "card-1", "amount": 500, "region": "north", "order_id": "ORDER-1"}
Services = dict[str, Participant]


@contextmanager
def serving(logs: Path) -> Iterator[Services]:
    """All four, each on a database of its own."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(running(name, stack.enter_context(own_database(name)), logs)) for name in NAMES
        }


def enrol(services: Services) -> None:
    """Make them known to the orchestrator, whose tables are empty at the beginning of a test."""
    for name, service in services.items():
        Enrolled.objects.create(name=name, transport="http", base_url=service.url, status_path="/status")


@contextmanager
def console(logs: Path, *, ends_by: signal.Signals = signal.SIGTERM) -> Iterator[str]:
    """The console's web process on the test database; gives its address. At the end it gets the signal `ends_by`."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = spawn(
        [sys.executable, "-m", "uvicorn", "sagaconsole.asgi:application", "--port", str(port), "--lifespan", "off"],
        log=logs / "console.log", directory=ROOT,
        environment={**os.environ, "DATABASE_URL": database_url(), "ALLOWED_HOSTS": "127.0.0.1"},
    )  # fmt: skip
    try:
        until(lambda: answers(f"{url}/healthz"))
        yield url
    finally:
        end(process, first=ends_by, grace_seconds=10)


def to(step: dict[str, Any], payload: str = "input", **more: Any) -> dict[str, Any]:
    """A step that sends the saga's input, unless `payload` says otherwise."""
    return {**step, "payload": payload, **more}


def effects(services: Services, saga: Saga) -> list[str]:
    """What was really done, by all services, in the order of time: the step, with a minus for its undo."""
    entries = [
        entry for service in services.values() for entry in service.get("/ledger", saga_id=str(saga.pk))["entries"]
    ]
    return [
        f"{'-' if entry['direction'] == 'compensation' else ''}{entry['step']}"
        for entry in sorted(entries, key=lambda entry: str(entry["at"]))
    ]


def fault(kind: str, **narrowed: Any) -> None:
    faults.add(actor=admin(), kind=kind, expires_in=timedelta(minutes=5), **narrowed)
