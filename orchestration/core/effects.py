"""What a saga has left behind in its participants."""

from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import StepStatus

S = StepStatus


def open_effects(saga: SagaState) -> list[str]:
    """Names of the steps that are done or in doubt and not undone, whether or not they could be undone."""
    return [step.definition.name for step in saga.steps if _is_open(step)]


def _is_open(step: StepState) -> bool:
    stands = step.done or step.in_doubt or step.never_undoable or step.effect_stands
    return stands and step.status is not S.COMPENSATED
