"""Rows as the values that the rules look at, for whoever shows a saga. Those who write read it by the store."""

from collections.abc import Iterable, Mapping
from typing import Any

from orchestration.core import effects
from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import SagaStatus, StepStatus
from orchestration.definitions import compiled_definition
from orchestration.models import Saga, Step

NO_OUTPUTS: Mapping[str, Any] = {}
_COPIED = [name for name in StepState._fields if name not in ("definition", "status")]


def state_of(saga: Saga, steps: Iterable[Step], *, outputs: Mapping[str, Any] = NO_OUTPUTS) -> SagaState:
    """The saga with `steps`, all of its own, in order. `outputs`: what the actions answered, by step name."""
    planned = compiled_definition(saga.definition_id).steps
    return SagaState(
        status=SagaStatus(saga.status),
        steps=tuple(
            StepState(definition, StepStatus(step.status), *(getattr(step, name) for name in _COPIED))
            for definition, step in zip(planned, steps, strict=True)
        ),
        deadline_at=saga.deadline_at, paused=saga.paused, stuck_code=saga.stuck_code, stuck_reason=saga.stuck_reason,
        overdue=saga.overdue, input=saga.data.input, outputs=outputs,
    )  # fmt: skip


def open_effects(saga: Saga, steps: Iterable[Step] | None = None) -> list[str]:
    """Names of the steps that are done or in doubt and not undone, whether or not they could be undone."""
    if saga.restarted_as_id is not None:
        return []  # what it did belongs to the saga that took over
    return effects.open_effects(state_of(saga, saga.steps.all() if steps is None else steps))
