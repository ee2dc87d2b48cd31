"""What the console shows: one query, one context, page or part."""

from orchestration.console.pages.acts import preview
from orchestration.console.pages.audit import audit, export_audit
from orchestration.console.pages.bulk import bulk, bulks, cancel_bulk
from orchestration.console.pages.compare import compare
from orchestration.console.pages.definitions import compare_versions, definition, definitions, launch, new_definition
from orchestration.console.pages.evidence import evidence
from orchestration.console.pages.failures import failure_group, failure_groups
from orchestration.console.pages.faults import fault_rules
from orchestration.console.pages.frame import banner
from orchestration.console.pages.messages import message, messages
from orchestration.console.pages.notes import notes
from orchestration.console.pages.overview import overview
from orchestration.console.pages.participants import participants
from orchestration.console.pages.personal import own_tokens, profile
from orchestration.console.pages.saga import attempt, saga, saga_print
from orchestration.console.pages.sagas import export_sagas, find, sagas
from orchestration.console.pages.webhooks import webhooks
from orchestration.console.pages.workers import workers

__all__ = [
    "attempt",
    "audit",
    "banner",
    "bulk",
    "bulks",
    "cancel_bulk",
    "compare",
    "compare_versions",
    "definition",
    "definitions",
    "evidence",
    "export_audit",
    "export_sagas",
    "failure_group",
    "failure_groups",
    "fault_rules",
    "find",
    "launch",
    "message",
    "messages",
    "new_definition",
    "notes",
    "overview",
    "own_tokens",
    "participants",
    "preview",
    "profile",
    "saga",
    "saga_print",
    "sagas",
    "webhooks",
    "workers",
]
