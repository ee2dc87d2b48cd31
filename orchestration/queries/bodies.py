"""Sagas, events and attempts as the contract shows them, over REST, gRPC and in the shell alike."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import prefetch_related_objects

from orchestration.core.definitions import StepDefinition
from orchestration.definitions import compiled_definition
from orchestration.models import Saga, Step
from orchestration.queries.journal import AttemptView, EventView
from orchestration.queries.sagas import (
    outputs_of,
    parent_steps,
    saga_for_page,
    step_attempts,
    step_direction,
    waiting_until,
)
from orchestration.queries.standing import open_effects


def saga_bodies(sagas: Sequence[Saga]) -> list[dict[str, Any]]:
    """The sagas as the contract shows them; six queries at most, however many sagas."""
    prefetch_related_objects(sagas, "definition", "data", "steps")
    outputs = outputs_of([saga.pk for saga in sagas])
    parents = parent_steps(sagas)
    return [_saga_body(saga, outputs, parents) for saga in sagas]


def saga_body(saga_id: UUID) -> dict[str, Any]:
    """One saga, read anew: what an act or the engine did a moment ago is in it. Raises Saga.DoesNotExist."""
    return saga_bodies([saga_for_page(saga_id)])[0]


def _saga_body(saga: Saga, outputs: dict[tuple[UUID, int], Any], parents: dict[UUID, str]) -> dict[str, Any]:
    steps, plan = list(saga.steps.all()), compiled_definition(saga.definition_id).steps
    return {
        "id": saga.pk, "definition": saga.definition_name, "version": saga.definition.version, "status": saga.status,
        "paused": saga.paused, "parked_on": saga.parked_on, "business_key": saga.business_key,
        "input": saga.data.input, "steps": [_step_body(step, plan[step.position], outputs) for step in steps],
        "stuck_reason": saga.stuck_reason or None, "revision": saga.revision,
        "open_effects": open_effects(saga, steps), "created_at": saga.created_at,
        "started_at": saga.started_at, "finished_at": saga.finished_at, "deadline_at": saga.deadline_at,
        "overdue": saga.overdue, "trigger": saga.trigger, "launched_by": saga.launched_by,
        "restarted_from": saga.restarted_from_id, "restarted_as": saga.restarted_as_id,
        "parent_saga_id": saga.parent_id, "parent_step": parents.get(saga.pk),
    }  # fmt: skip


def _step_body(step: Step, planned: StepDefinition, outputs: dict[tuple[UUID, int], Any]) -> dict[str, Any]:
    return {
        "name": step.name, "kind": planned.kind, "status": step.status, "in_doubt": step.in_doubt,
        "direction": step_direction(step), "attempts": step_attempts(step),
        "output": outputs.get((step.saga_id, step.position)), "error": step.error, "started_at": step.started_at,
        "finished_at": step.finished_at, "waiting_until": waiting_until(step),
        "origin_saga_id": step.origin_saga_id, "saga": planned.saga or None, "child_saga_id": step.child_saga_id,
    }  # fmt: skip


def event_body(event: EventView) -> dict[str, Any]:
    return {
        "seq": event.seq, "at": event.at, "kind": event.kind, "status": event.status, "actor": event.actor or None,
        "moves": [move.as_json() for move in event.moves], **({"reason": event.reason} if event.reason else {}),
    }  # fmt: skip


def attempt_body(attempt: AttemptView) -> dict[str, Any]:
    fields = ("step", "direction", "number", "started_at", "finished_at", "outcome", "request", "answer", "error")
    return {field: getattr(attempt, field) for field in fields} | {"fault": attempt.fault or None}
