"""Questions that only the console asks. Each is bounded: it costs the same with a thousand sagas and with a million."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from orchestration.models import DefinitionStep, Drain, EngineState, Saga, Step
from orchestration.models.definitions import SagaDefinition

SAMPLE = 20_000
CALLS_SAMPLE = 5_000
DISPATCHER_ALIVE = timedelta(seconds=15)

# Parameters: the lowest id of the time span, how many sagas at most. The newest sagas by id, counted per minute and
# status; and in the same pass per minute, per status, and in all, because percentiles cannot be added up.
OUTCOMES = """
WITH newest AS (
    SELECT status, created_at, finished_at FROM orchestration_saga WHERE id >= %s ORDER BY id DESC LIMIT %s
)
SELECT date_trunc('minute', finished_at) AS minute, status, count(*), min(created_at),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - created_at)),
    percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - created_at)),
    grouping(date_trunc('minute', finished_at), status)
FROM newest GROUP BY GROUPING SETS ((minute, status), (minute), (status), ())
"""

# Parameter: how many calls at most. The newest calls, counted per participant and outcome.
CALLS = """
WITH newest AS (
    SELECT saga_id, position, outcome, finished_at - started_at AS spent, finished_at
    FROM orchestration_attempt ORDER BY saga_id DESC LIMIT %s
)
SELECT step.participant_id, newest.outcome, count(*), max(newest.finished_at),
    percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM newest.spent))
FROM newest
JOIN orchestration_saga saga ON saga.id = newest.saga_id
JOIN orchestration_definitionstep step
    ON step.definition_id = saga.definition_id AND step.position = newest.position
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many sagas ended (or are, `minute` None) with `status` in one minute; p50 and p95 in seconds."""

    minute: datetime | None
    status: str
    number: int
    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the newest sagas, per minute and status; the same per minute, per status (`minute` None), and of
    all that ended. `span`: how far back they reach.
    """

    counts: list[OutcomeCount]
    minutes: list[OutcomeCount]
    statuses: list[OutcomeCount]
    whole: OutcomeCount
    span: timedelta


@dataclass(frozen=True, slots=True)
class CallCount:
    """How a participant's newest calls ended. `p95` in seconds."""

    participant_id: int
    outcome: str
    number: int
    last_at: datetime
    p95: float


@dataclass(frozen=True, slots=True)
class Engine:
    """Who is at work. `dispatcher_at` None: never seen."""

    drains: int
    in_flight: int
    dispatcher_at: datetime | None

    @property
    def dispatcher_alive(self) -> bool:
        return self.dispatcher_at is not None and timezone.now() - self.dispatcher_at < DISPATCHER_ALIVE


def outcomes(span: timedelta) -> Outcomes:
    """The sagas launched within `span`, or the newest 20,000 of them."""
    now = timezone.now()
    lowest = UUID(int=int((now - span).timestamp() * 1000) << 80)
    found: dict[int, list[OutcomeCount]] = {0: [], 1: [], 2: [], 3: []}
    reach = span
    for minute, status, number, oldest, p50, p95, grouped in _rows(OUTCOMES, lowest, SAMPLE):
        found[grouped].append(OutcomeCount(minute, status or "", number, p50, p95))
        if grouped == 3 and number >= SAMPLE:
            reach = now - oldest
    return Outcomes(found[0], minutes=found[1], statuses=found[2], whole=found[3][0], span=reach)


def calls_by_participant() -> list[CallCount]:
    """The newest 5,000 calls that have ended, per participant and outcome."""
    return [CallCount(*row) for row in _rows(CALLS, CALLS_SAMPLE)]


def engine() -> Engine:
    """Drains with a lease, the calls they have out, and the dispatcher's last beat."""
    drains = list(Drain.objects.filter(until__gt=timezone.now()).values_list("in_flight", flat=True))
    beat = EngineState.objects.filter(name="dispatcher").values_list("at", flat=True).first()
    return Engine(len(drains), sum(drains), beat)


def oldest_stuck(limit: int) -> list[Saga]:
    """What needs a person, the longest waiting first."""
    return list(Saga.objects.needs_attention().select_related("data").order_by("pk")[:limit])


def steps_of(sagas: list[Saga]) -> dict[UUID, list[Step]]:
    """The steps of each saga, in order."""
    found: dict[UUID, list[Step]] = {saga.pk: [] for saga in sagas}
    for step in Step.objects.filter(saga_id__in=found).order_by("saga_id", "position"):
        found[step.saga_id].append(step)
    return found


def plan_steps() -> QuerySet[DefinitionStep]:
    """Step rows of definitions, with their participants."""
    return DefinitionStep.objects.select_related("participant")


def definitions_with_use() -> QuerySet[SagaDefinition]:
    """The newest usable version of each definition, with its steps."""
    newest = SagaDefinition.objects.usable().filter(name=OuterRef("name")).order_by("-version").values("pk")[:1]
    found = SagaDefinition.objects.usable().filter(pk=Subquery(newest)).order_by("name")
    return found.prefetch_related("steps__participant")


def _rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
