"""What a step reads of its saga, and what its calls carry."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from orchestration.core import mapping
from orchestration.core.saga_state import StepState


class Data(Protocol):
    """A saga's data: of a SagaState, or of a draft of the next one."""

    @property
    def input(self) -> Mapping[str, Any]: ...
    @property
    def outputs(self) -> Mapping[str, Any]: ...
    @property
    def steps(self) -> Sequence[StepState]: ...


def outputs_before(saga: Data, step: StepState) -> dict[str, Any]:
    """What the steps of earlier stages answered: an undo, however late, is sent the same input as its action was."""
    if not saga.outputs:
        return {}
    stage = step.definition.stage
    names = (one.definition.name for one in saga.steps if one.definition.stage < stage)
    return {name: saga.outputs[name] for name in names if name in saga.outputs}


def payload(saga: Data, step: StepState) -> Any:
    """The `input` of the step's calls, in both directions. Raises MappingError when it cannot be made."""
    if step.edited_input is not None:
        return step.edited_input
    return mapping.payload(step.definition.payload, saga_input=saga.input, outputs=outputs_before(saga, step))


def is_wanted(saga: Data, step: StepState) -> bool:
    """Whether the step's `when` holds. Raises MappingError when it fails on this saga."""
    if step.definition.when is None:
        return True
    data = {"input": saga.input, "outputs": outputs_before(saga, step)}
    return mapping.is_true(mapping.evaluate(step.definition.when, data))
