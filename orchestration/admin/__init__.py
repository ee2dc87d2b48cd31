"""Stock Django admin: settings can be changed here, what has happened can only be read. Acts go the console's way."""

from orchestration.admin import audit, definitions, faults, participants, sagas, tokens, webhooks

__all__ = ["audit", "definitions", "faults", "participants", "sagas", "tokens", "webhooks"]
