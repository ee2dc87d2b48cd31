"""Webhooks out: who is told when a saga ends or gets stuck, and the telling."""

from orchestration.webhooks.endpoints import (
    EVENTS,
    OVERLAP,
    Changed,
    WrongWebhook,
    change,
    described,
    problems_with,
    remove,
    rotate,
    send_again,
)
from orchestration.webhooks.sending import work

__all__ = [
    "EVENTS", "OVERLAP", "Changed", "WrongWebhook", "change", "described", "problems_with", "remove", "rotate",
    "send_again", "work",
]  # fmt: skip
