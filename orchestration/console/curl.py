"""Calls as a shell command, to be pasted by whoever investigates. Secrets never stand in them."""

import json
import shlex
from typing import Any
from uuid import UUID

from django.conf import settings

from orchestration import queries
from orchestration.core.states import Direction
from orchestration.models import Attempt, DefinitionStep, Participant, Saga


def of_saga(saga_id: UUID) -> str:
    """How to read the saga over REST; the token comes from the shell's environment."""
    address = shlex.quote(f"{settings.SAGA_PUBLIC_URL}/api/v1/sagas/{saga_id}")
    return f'curl -H "Authorization: Bearer $TOKEN" {address}'


def of_attempt(saga: Saga, step: DefinitionStep, attempt: Attempt) -> str:
    """The same call again, with the same key, so that the participant's barrier makes it harmless; "" for functions."""
    if step.participant is None or step.participant.transport != Participant.Transport.HTTP:
        return ""
    target = step.action if attempt.direction == "action" else step.compensation
    body = {
        "saga_id": str(saga.pk), "saga": saga.definition_name, "business_key": saga.business_key, "step": step.name,
        "direction": attempt.direction, "attempt": attempt.number, "input": attempt.request,
        "output": _output(saga.pk, attempt),
    }  # fmt: skip
    key = f"{saga.pk}:{step.name}:{attempt.direction}"
    headers = ["Content-Type: application/json", f"Idempotency-Key: {key}", f"Saga-Epoch: {attempt.epoch}"]
    options = " ".join(f"-H {shlex.quote(header)}" for header in headers)
    data = shlex.quote(json.dumps(body, ensure_ascii=False))
    return f"curl -X POST {shlex.quote(step.participant.base_url.rstrip('/') + target)} {options} -d {data}"


def _output(saga_id: UUID, attempt: Attempt) -> Any:
    """An undo is sent what its action answered."""
    undo = attempt.direction == Direction.COMPENSATION
    return queries.outputs_of([saga_id]).get((saga_id, attempt.position)) if undo else None
