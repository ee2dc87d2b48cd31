"""Sagas made straight as rows, in states that would take the engine a while to reach."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from orchestration.core.saga_state import Stuck
from orchestration.core.states import ENDED, UNDOING, SagaStatus
from orchestration.identifiers import uuid7
from orchestration.models import Attempt, DefinitionStep, Event, Saga, SagaData, SagaDefinition, Step


def make_saga(
    definition: SagaDefinition, status: str, steps: list[str], *, of_steps: dict[str, Any] | None = None, **values: Any
) -> Saga:
    """A saga with its steps in the given statuses, and one journal row. `of_steps`: columns of steps, by name."""
    now = timezone.now()
    if status == SagaStatus.STUCK:
        values = {"stuck_code": Stuck.COMPENSATION_EXHAUSTED, "stuck_reason": "could not be undone in 5 tries"} | values
    saga = Saga.objects.create(
        id=uuid7(), definition=definition, definition_name=definition.name, status=status, trigger="rest",
        launched_by="shop", created_at=now, deadline_at=now + timedelta(seconds=300), revision=3, journal_length=1,
        finished_at=now if status in ENDED else None, **values,
    )  # fmt: skip
    SagaData.objects.create(saga=saga, input={"order_id": saga.business_key, "qty": 2})
    Step.objects.bulk_create(
        _step(saga, planned, status, (of_steps or {}).get(planned.name, {}))
        for planned, status in zip(definition.steps.all(), steps, strict=True)
    )
    Event.objects.create(saga=saga, seq=1, at=now, kind="launch", status="pending", epoch=0, moves="0:pending>due")
    return saga


def make_attempt(saga: Saga, position: int, outcome: str, **values: Any) -> Attempt:
    """One ended try of an action, unless `values` say otherwise."""
    now = timezone.now()
    wanted = {"direction": "action", "number": 1, "epoch": 1, "started_at": now, "finished_at": now} | values
    return Attempt.objects.create(saga=saga, position=position, outcome=outcome, **wanted)


def make_event(saga: Saga, kind: str, moves: str = "", **values: Any) -> Event:
    """The next row of the journal."""
    wanted = {"at": timezone.now(), "status": saga.status, "epoch": 1, "seq": saga.events.count() + 1} | values
    return Event.objects.create(saga=saga, kind=kind, moves=moves, **wanted)


def _step(saga: Saga, planned: DefinitionStep, status: str, values: dict[str, Any]) -> Step:
    tried = status not in ("pending", "skipped") and planned.kind == "call"
    usual = {
        "action_attempts": int(tried), "sent": tried, "compensation_attempts": int(status in UNDOING),
        "refused_only": not tried, "done": planned.kind == "call" and status in {*UNDOING, "succeeded"},
    }  # fmt: skip
    return Step(
        saga=saga, position=planned.position, stage=planned.stage, name=planned.name, status=status, **usual | values
    )
