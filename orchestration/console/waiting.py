"""Approvals that wait for a person: who may decide, and until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import connection

from orchestration.core.definitions import StepDefinition
from orchestration.core.saga_state import StepState
from orchestration.core.states import StepKind
from orchestration.definitions import compiled_definition
from orchestration.models import DefinitionStep
from orchestration.queries import CappedCount

SAMPLE = 5_000

# Parameters: ids of definitions, positions of their approval steps that the reader may decide, how many sagas at most
# are looked at: the oldest that go forward. A decision is also taken in a stuck saga, and kept.
WAITING = """
WITH may AS (SELECT * FROM unnest(%s::bigint[], %s::int[]) AS may (definition_id, position)), live AS (
    SELECT id, definition_id, definition_name, business_key FROM orchestration_saga
    WHERE status IN ('running', 'stuck') AND definition_id IN (SELECT definition_id FROM may)
    ORDER BY id LIMIT %s
)
SELECT live.id, live.definition_name, live.business_key, step.name, step.started_at, step.due_at
FROM live JOIN may USING (definition_id)
JOIN orchestration_step step ON step.saga_id = live.id AND step.position = may.position
WHERE step.status = 'waiting' ORDER BY step.started_at, live.id
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision that waits since `since`, for a person of one of the `groups`, until `until`."""

    step: str
    since: datetime | None
    until: datetime | None
    saga_id: UUID
    definition: str = ""
    business_key: str = ""
    permission: str = ""
    groups: tuple[str, ...] = ()
    is_mine: bool = True


def for_reader(user: Any, limit: int) -> tuple[CappedCount, list[Decision]]:
    """How many decisions wait for this person, and the oldest of them."""
    pairs = [
        (definition_id, position)
        for definition_id, position in DefinitionStep.objects.filter(kind=StepKind.APPROVAL).values_list(
            "definition_id", "position"
        )
        if _may(user, compiled_definition(definition_id).steps[position].permission)
    ]
    if not pairs:
        return CappedCount(0, is_more=False), []
    with connection.cursor() as cursor:
        cursor.execute(WAITING, [*map(list, zip(*pairs, strict=True)), SAMPLE])
        rows = cursor.fetchall()
    found = [Decision(row[3], row[4], row[5], row[0], row[1], row[2]) for row in rows[:limit]]
    return CappedCount(len(rows), is_more=len(rows) >= SAMPLE), found


def of_saga(saga_id: UUID, waiting: Iterable[StepState], user: Any) -> list[Decision]:
    """The decisions that one saga waits for, whoever may take them."""
    return [
        Decision(
            step.definition.name, step.started_at, step.due_at, saga_id, permission=step.definition.permission,
            groups=holders(step.definition), is_mine=_may(user, step.definition.permission),
        )
        for step in waiting
    ]  # fmt: skip


def holders(step: StepDefinition) -> tuple[str, ...]:
    """The groups whose people may decide."""
    return tuple(
        Group.objects.filter(
            permissions__codename=step.permission, permissions__content_type__app_label="orchestration"
        )
        .order_by("name")
        .values_list("name", flat=True)
        .distinct()
    )


def _may(user: Any, permission: str) -> bool:
    return bool(user.has_perm(f"orchestration.{permission}"))
