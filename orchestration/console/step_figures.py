"""How the steps of one version do: success rate and times per step, out of the newest calls of all definitions."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from orchestration.core.definitions import StepDefinition

SAMPLE = 10_000
# Parameters: how many calls at most, the definition's id. Told to wait is no end of a call, and not counted.
_FIGURES = """
WITH newest AS (
    SELECT saga_id, position, direction, outcome, finished_at - started_at AS spent
    FROM orchestration_attempt ORDER BY saga_id DESC LIMIT %s
)
SELECT newest.position, newest.direction, count(*),
    count(*) FILTER (WHERE outcome IN ('succeeded', 'undone')),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM spent)),
    percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM spent))
FROM newest JOIN orchestration_saga saga ON saga.id = newest.saga_id
WHERE saga.definition_id = %s AND outcome NOT IN ('accepted', 'in_progress')
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Calls in one direction; `p50` and `p95` in seconds."""

    calls: int
    good: int
    p50: float
    p95: float

    @property
    def rate(self) -> float:
        """The share that succeeded, in percent."""
        return 100 * self.good / self.calls


@dataclass(frozen=True, slots=True)
class StepFigures:
    """None: no such call among the newest."""

    name: str
    participant: str
    action: Figures | None
    undo: Figures | None


def of_version(definition_id: int, steps: Sequence[StepDefinition]) -> list[StepFigures]:
    """Each step that calls somebody."""
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, [SAMPLE, definition_id])
        found = {(row[0], row[1]): Figures(*row[2:]) for row in cursor.fetchall()}
    return [
        StepFigures(step.name, step.participant, found.get((index, "action")), found.get((index, "compensation")))
        for index, step in enumerate(steps)
        if step.participant
    ]
