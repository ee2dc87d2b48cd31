"""What is measured: the definitions, sagas launched before, and how far the launched ones are."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection

from orchestration.audit import Actor
from orchestration.definitions import compiled_definition, publish_definition
from orchestration.dispatch import DUE_CHANNEL
from orchestration.enrolment import MOST_IN_FLIGHT, enrol
from orchestration.identifiers import uuid7
from orchestration.models import SagaDefinition
from orchestration.store.launches import LAUNCH
from orchestration.store.leases import COUNT_DRAINS
from tests.benchmarks.catalogue import STEPS

MANY_STEPS = 10
NOTHING, SLEEP, REFUSE = "bench-nothing", "bench-sleep", "bench-refuse"
TEN, HTTP, SLOW, HELD = "bench-ten", "bench-http", "bench-slow", "bench-held"
SLOW_SECONDS, HELD_SECONDS = 2, 8
SAGA_INPUT: dict[str, Any] = {"order_id": "O-4711", "customer": "C-0815", "sku": "BOOK-42", "qty": 2, "total": "49.90"}
_PAYLOAD = "{order: input.order_id, sku: input.sku, qty: input.qty}"
_LEFT = (
    "SELECT EXISTS (SELECT FROM orchestration_saga WHERE status IN ('pending', 'running', 'compensating') AND id > %s)"
)
_TOGETHER = """
SELECT count(*), count(*) FILTER (WHERE status = %s),
    extract(epoch FROM max(finished_at) - min(started_at))::float8
FROM orchestration_saga WHERE id > %s
"""
_HISTORY = """
SELECT (SELECT count(*) FROM orchestration_attempt WHERE saga_id > %s),
    (SELECT count(*) FROM orchestration_event WHERE saga_id > %s)
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """`seconds`: from the first claim to the last end. `well`: ended as they should; `attempts` and `journal`: rows."""

    sagas: int
    well: int
    seconds: float
    attempts: int
    journal: int


def set_up(participant_url: str) -> None:
    """Tables, the participants and the definitions."""
    call_command("migrate", verbosity=0)
    admin = Actor(User.objects.create_superuser("bench"), via="command")
    most = MOST_IN_FLIGHT  # the engine is measured, not a limit
    enrol(name="bench", actor=admin, transport="function", max_in_flight=most)
    enrol(name="bench-http", actor=admin, transport="http", base_url=participant_url, max_in_flight=most)
    for name, steps in _definitions().items():
        named = [{"name": f"step-{number}", "payload": _PAYLOAD, **step} for number, step in enumerate(steps)]
        publish_definition(document={"name": name, "steps": named}, actor=admin)


def _definitions() -> dict[str, list[dict[str, Any]]]:
    def calling(action: str) -> dict[str, Any]:
        if action.startswith("/"):
            return {"participant": "bench-http", "action": action, "compensation": "/nothing", "timeout": 60}
        return {"participant": "bench", "action": action, "compensation": NOTHING}

    return {
        NOTHING: [calling(NOTHING)] * STEPS,
        SLEEP: [calling(SLEEP)] * STEPS,
        REFUSE: [calling(NOTHING)] * (STEPS - 1) + [calling(REFUSE)],
        TEN: [calling(NOTHING)] * MANY_STEPS,
        HTTP: [calling("/nothing")] * STEPS,
        SLOW: [calling(f"/wait/{SLOW_SECONDS}")],
        HELD: [calling(f"/wait/{HELD_SECONDS}")],
    }


def preload(definition: str, count: int) -> None:
    """Launch `count` sagas by the launch's own statement. Call it in a transaction: all appear with its commit."""
    with connection.cursor() as cursor:
        cursor.executemany(LAUNCH, _launches(definition, count))
        cursor.execute("ANALYZE orchestration_saga, orchestration_sagadata, orchestration_step")  # as autovacuum would


def tell_drains() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [DUE_CHANNEL])


def drains() -> int:
    """How many are alive."""
    return int(_row(COUNT_DRAINS)[0])


def saga_file_node() -> int:
    """What the write-ahead log calls the table of sagas."""
    return int(_row("SELECT pg_relation_filenode('orchestration_saga')")[0])


def all_ended(after: UUID) -> bool:
    """Whether no saga launched after that id is on its way."""
    return not _row(_LEFT, after)[0]


def ended(after: UUID, status: str) -> Ended:
    """What became of the sagas launched after that id; `status` is how they should have ended."""
    return Ended(*_row(_TOGETHER, status, after), *_row(_HISTORY, after, after))


def _launches(definition: str, count: int) -> list[dict[str, Any]]:
    version = SagaDefinition.objects.get(name=definition)
    compiled = compiled_definition(version.pk)
    common = {
        "definition_id": version.pk, "definition_name": definition, "key": None, "fingerprint": "",
        "trigger": "command", "launched_by": "bench", "deadline": compiled.deadline,
        "input": json.dumps(SAGA_INPUT, separators=(",", ":")),
        "names": [step.name for step in compiled.steps], "stages": [step.stage for step in compiled.steps],
        "moves": "0:pending>due", "lock_key": None, "limited": False,
        "parent_id": None, "parent_position": None, "depth": 0,
    }  # fmt: skip
    return [{"id": uuid7(), "business_key": f"O-{number}", **common} for number in range(count)]


def _row(statement: str, *values: Any) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return tuple(cursor.fetchone())
