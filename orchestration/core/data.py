"""What a step reads of its saga, and what its calls carry."""

from typing import Any

from orchestration.core import mapping
from orchestration.core.saga_state import SagaState, StepState


def outputs_before(saga: SagaState, step: StepState) -> dict[str, Any]:
    """What the steps of earlier stages answered: an undo, however late, is sent the same input as its action was."""
    if not saga.outputs:
        return {}
    stage = step.definition.stage
    names = (one.definition.name for one in saga.steps if one.definition.stage < stage)
    return {name: saga.outputs[name] for name in names if name in saga.outputs}


def payload(saga: SagaState, step: StepState) -> Any:
    """The `input` of the step's calls, in both directions. Raises MappingError when it cannot be made."""
    if step.edited_input is not None:
        return step.edited_input
    return mapping.payload(step.definition.payload, saga_input=saga.input, outputs=outputs_before(saga, step))


def is_wanted(saga: SagaState, step: StepState) -> bool:
    """Whether the step's `when` holds. Raises MappingError when it fails on this saga."""
    if step.definition.when is None:
        return True
    data = {"input": saga.input, "outputs": outputs_before(saga, step)}
    return mapping.is_true(mapping.evaluate(step.definition.when, data))
