"""The small participant of the documentation keeps every promise, behind both of its doors."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from orchestration.models import Participant
from orchestration.participants.brokers import without_password
from sagaconsole.embedded.children import end, spawn
from sagaconsole.embedded.ports import free_port
from tests.amqp import broker_url, new_prefix
from tests.participants_demo.running import ROOT, until

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ASKED = ("--input", '{"desk": "d-1"}', "--refused-input", '{"desk": "broken"}')


@contextmanager
def small(directory: Path, *where: str) -> Iterator[None]:
    program, log = str(ROOT / "docs" / "examples" / "small_participant.py"), directory / "small.log"
    process = spawn(
        [sys.executable, program, str(directory / "desks.sqlite"), *where], log=log, directory=ROOT,
        environment={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        until(lambda: "ready" in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield
    finally:
        end(process, first=signal.SIGTERM, grace_seconds=5)


def broken() -> dict[str, Any]:
    """What is not kept, of what can be looked at without a ledger and a secret."""
    out = StringIO()
    paths = ("--action", "desks.lend", "--compensation", "desks.give-back")
    call_command("check_participant", "desks", "--json", *paths, *ASKED, stdout=out)
    found = {one["rule"]: one for one in json.loads(out.getvalue())["findings"]}
    assert sum(one["verdict"] == "skipped" for one in found.values()) == 5
    return {rule: one["seen"] for rule, one in found.items() if one["verdict"] == "broken"}


def test_over_grpc(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    Participant.objects.create(name="desks", transport="grpc", base_url=f"grpc://{address}", status_path="Status")
    with small(tmp_path, "grpc", address):
        assert broken() == {}


def test_over_amqp(tmp_path: Path, settings: Any) -> None:
    settings.SAGA_AMQP_BROKERS, settings.AMQP_PREFIX = [broker_url()], new_prefix()
    base_url = without_password(broker_url())
    Participant.objects.create(name="desks", transport="amqp", base_url=base_url, status_path="desks.status")
    with small(tmp_path, "amqp", broker_url(), settings.AMQP_PREFIX):
        assert broken() == {}
