"""What is measured: two definitions of three steps, sagas launched before, and how far the launched ones are."""

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

STEPS = 3
NOTHING, SLEEP = "bench-nothing", "bench-sleep"
SAGA_INPUT: dict[str, Any] = {"order_id": "O-4711", "customer": "C-0815", "sku": "BOOK-42", "qty": 2, "total": "49.90"}
_PAYLOAD = "{order: input.order_id, sku: input.sku, qty: input.qty}"
_LEFT = "SELECT EXISTS (SELECT FROM orchestration_saga WHERE status IN ('pending', 'running') AND id > %s)"
_TOGETHER = """
SELECT count(*), count(*) FILTER (WHERE status = 'completed'),
    extract(epoch FROM max(finished_at) - min(started_at))::float8
FROM orchestration_saga WHERE id > %s
"""
_HISTORY = """
SELECT (SELECT count(*) FROM orchestration_attempt WHERE saga_id > %s),
    (SELECT count(*) FROM orchestration_event WHERE saga_id > %s)
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """`seconds`: from the first claim to the last end. `attempts` and `journal` are rows."""

    sagas: int
    completed: int
    seconds: float
    attempts: int
    journal: int


def set_up() -> None:
    """Tables, the participant and the definitions."""
    call_command("migrate", verbosity=0)
    admin = Actor(User.objects.create_superuser("bench"), via="command")
    enrol(name="bench", actor=admin, transport="function", max_in_flight=MOST_IN_FLIGHT)  # the engine, not a limit
    for function in (NOTHING, SLEEP):
        step = {"participant": "bench", "action": function, "compensation": NOTHING, "payload": _PAYLOAD}
        steps = [{"name": f"step-{number}", **step} for number in range(STEPS)]
        publish_definition(document={"name": function, "steps": steps}, actor=admin)


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


def all_ended(after: UUID) -> bool:
    """Whether no saga launched after that id is on its way."""
    return not _row(_LEFT, after)[0]


def ended(after: UUID) -> Ended:
    """What became of the sagas launched after that id."""
    return Ended(*_row(_TOGETHER, after), *_row(_HISTORY, after, after))


def _launches(definition: str, count: int) -> list[dict[str, Any]]:
    version = SagaDefinition.objects.get(name=definition)
    compiled = compiled_definition(version.pk)
    common = {
        "definition_id": version.pk, "definition_name": definition, "key": None, "fingerprint": "",
        "trigger": "command", "launched_by": "bench", "deadline": compiled.deadline,
        "input": json.dumps(SAGA_INPUT, separators=(",", ":")),
        "names": [step.name for step in compiled.steps], "stages": [step.stage for step in compiled.steps],
        "moves": "0:pending>due", "lock_key": None, "limited": False,
    }  # fmt: skip
    return [{"id": uuid7(), "business_key": f"O-{number}", **common} for number in range(count)]


def _row(statement: str, *values: Any) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return tuple(cursor.fetchone())
