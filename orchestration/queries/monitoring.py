"""What the monitoring asks. Every question is answered from a few rows, however many sagas there are."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from orchestration.core.states import LIVE, SagaStatus
from orchestration.models import Bulk, EngineState, Figure, Saga
from orchestration.queries.sagas import CAP, capped_count
from orchestration.store.read import NAMES

# Two scans, because the claim has an index for each.
_DUE = f"""
WITH due AS (
    SELECT one.due_at FROM (VALUES ('compensating'), ('running')) AS begun (status) CROSS JOIN LATERAL (
        SELECT due_at FROM orchestration_saga saga WHERE parked_on IS NULL AND saga.status = begun.status
            AND saga.status <> 'pending' AND due_at <= statement_timestamp() ORDER BY due_at LIMIT %(cap)s) one
    UNION ALL
    SELECT one.due_at FROM {NAMES} AS definition CROSS JOIN LATERAL (
        SELECT due_at FROM orchestration_saga saga WHERE parked_on IS NULL AND status = 'pending'
            AND saga.definition_name = definition.name AND due_at <= statement_timestamp()
        ORDER BY due_at LIMIT %(cap)s) one
)
SELECT least(count(*), %(cap)s), coalesce(extract(epoch FROM statement_timestamp() - min(due_at)), 0)::float8 FROM due
"""  # noqa: S608  only this package's constants are put in
# What locks are called comes from the sagas' inputs: it is no label of a figure, and there may be any number of them.
_PARKED = """
SELECT CASE WHEN parked_on LIKE 'lock:%%' THEN 'lock' ELSE parked_on END AS line, count(*)
FROM (SELECT parked_on FROM orchestration_saga WHERE parked_on IS NOT NULL LIMIT %s) parked GROUP BY line
"""
BULKS = [str(status) for status in (Bulk.Status.RUNNING, Bulk.Status.PAUSED, Bulk.Status.HALTED)]
_BULKS = "SELECT status, count(*) FROM orchestration_bulk WHERE status = ANY(%s) GROUP BY status"
_PARTICIPANTS = """
SELECT name, max_in_flight, paused, coalesce(granted, 0), coalesce(is_open, false)
FROM orchestration_participant LEFT JOIN orchestration_flow ON participant = name ORDER BY name
"""
_DRAINS = """
SELECT count(*), coalesce(sum(in_flight), 0) FROM orchestration_drain WHERE until > clock_timestamp()
"""


class Taking(NamedTuple):
    """A participant: how many calls it takes at once, how many may be out now, and whether any goes out."""

    name: str
    max_in_flight: int
    paused: bool
    granted: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Now:
    """How things stand. Numbers of sagas go no further than CAP + 1, "more than were counted".

    `oldest_due_seconds`: for how long the oldest due saga has waited for a worker. `engine`: counters by name.
    `bulks`: those that have not ended, by status.
    """

    live: dict[SagaStatus, int]
    due: int
    oldest_due_seconds: float
    parked: dict[str, int]
    drains: int
    calls_in_flight: int
    dispatcher_beat: datetime | None
    engine: dict[str, int]
    bulks: dict[str, int]
    participants: list[Taking]


@dataclass(frozen=True, slots=True)
class Kept:
    """A series as it was counted: its name, its labels' values, how many, their sum, and how many in each bucket."""

    name: str
    labels: list[str]
    count: int
    total: float
    buckets: list[int]


def due_now() -> tuple[int, float]:
    """How many sagas wait for a worker, counted to CAP + 1, and for how many seconds the oldest has."""
    due, oldest = _rows(_DUE, {"cap": CAP + 1})[0]
    return due, oldest


def standing_now() -> Now:
    state = {row.name: row for row in EngineState.objects.all()}
    due, oldest = due_now()
    drains, in_flight = _rows(_DRAINS)[0]
    beat = state.get("dispatcher")
    return Now(
        live={status: _number(status) for status in SagaStatus if status in LIVE},
        due=due, oldest_due_seconds=oldest, parked=dict(_rows(_PARKED, [CAP + 1])), drains=drains,
        calls_in_flight=in_flight, dispatcher_beat=beat.at if beat else None,
        engine={name: row.value for name, row in state.items()},
        bulks=dict.fromkeys(BULKS, 0) | dict(_rows(_BULKS, [BULKS])),
        participants=[Taking(*row) for row in _rows(_PARTICIPANTS)],
    )  # fmt: skip


def kept_figures(name: str = "") -> list[Kept]:
    """All series, or those of one name."""
    figures = Figure.objects.filter(name=name) if name else Figure.objects.all()
    rows = figures.order_by("name", "labels").values_list("name", "labels", "count", "total", "buckets")
    return [Kept(name, json.loads(labels), count, total, buckets) for name, labels, count, total, buckets in rows]


def _number(status: SagaStatus) -> int:
    count = capped_count(Saga.objects.filter(status=status))
    return count.number + count.is_more


def _rows(statement: str, values: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
