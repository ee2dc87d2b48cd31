"""Columns, constraints named as sentences, querysets with named questions; no verbs."""

from orchestration.models.access import ApiToken, AuditEntry, AuditLink, AuditWaiting
from orchestration.models.bulk import Bulk, BulkItem
from orchestration.models.definitions import DefinitionDraft, DefinitionStep, Participant, SagaDefinition
from orchestration.models.engine import Drain, EngineState, FaultRule, Figure, Flow, Grant
from orchestration.models.failures import FailureGroup
from orchestration.models.messages import Announcement, DeadLetter
from orchestration.models.people import Preferences, SavedView
from orchestration.models.sagas import Attempt, Event, LaunchKey, Saga, SagaData, Step
from orchestration.models.webhooks import WebhookDelivery, WebhookEndpoint

__all__ = [
    "Announcement",
    "ApiToken",
    "Attempt",
    "AuditEntry",
    "AuditLink",
    "AuditWaiting",
    "Bulk",
    "BulkItem",
    "DeadLetter",
    "DefinitionDraft",
    "DefinitionStep",
    "Drain",
    "EngineState",
    "Event",
    "FailureGroup",
    "FaultRule",
    "Figure",
    "Flow",
    "Grant",
    "LaunchKey",
    "Participant",
    "Preferences",
    "Saga",
    "SagaData",
    "SagaDefinition",
    "SavedView",
    "Step",
    "WebhookDelivery",
    "WebhookEndpoint",
]
