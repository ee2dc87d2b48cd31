"""Columns, constraints named as sentences, querysets with named questions; no verbs."""

from orchestration.models.access import ApiToken, AuditEntry
from orchestration.models.definitions import DefinitionStep, Participant, SagaDefinition
from orchestration.models.engine import Drain, EngineState, FaultRule, Figure, Flow, Grant
from orchestration.models.sagas import Attempt, Event, LaunchKey, Saga, SagaData, Step

__all__ = [
    "ApiToken", "Attempt", "AuditEntry", "DefinitionStep", "Drain", "EngineState", "Event", "FaultRule", "Figure",
    "Flow", "Grant", "LaunchKey", "Participant", "Saga", "SagaData", "SagaDefinition", "Step",
]  # fmt: skip
