"""Definition documents: `parse` makes values of one, or says all that is wrong with it, each with its place."""

from orchestration.core.definitions.document import SAGA_FIELDS, parse
from orchestration.core.definitions.reader import LATER, NAME, Problem, WrongDefinition
from orchestration.core.definitions.steps import MAX_STEPS, RETRY_FIELDS, STEP_FIELDS, STEP_FIELDS_LATER
from orchestration.core.definitions.values import (
    ACTION_RETRY,
    COMPENSATION_RETRY,
    RetryPolicy,
    SagaDefinition,
    StepDefinition,
)

__all__ = [
    "ACTION_RETRY", "COMPENSATION_RETRY", "LATER", "MAX_STEPS", "NAME", "RETRY_FIELDS", "SAGA_FIELDS",
    "STEP_FIELDS", "STEP_FIELDS_LATER", "Problem", "RetryPolicy", "SagaDefinition",
    "StepDefinition", "WrongDefinition", "parse",
]  # fmt: skip
