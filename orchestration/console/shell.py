"""The frame around the pages: read lazily, so that a part that does not show it does not pay for it."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from orchestration import broker_health, faults, queries
from orchestration.broker_health import Heard
from orchestration.console import preferences
from orchestration.console.queue_there import queue_is_there
from orchestration.models import DeadLetter, FaultRule, Participant, Saga
from orchestration.queries import CappedCount
from orchestration.roles import ADMIN, OPERATOR, VIEWER

THEMES = ("light", "dark")
THEME_COOKIE = "theme"
_LISTED = 3
_SECTIONS = {
    "overview": "overview", "sagas": "sagas", "saga": "sagas", "act": "sagas", "attempt": "sagas",
    "notes": "sagas", "evidence": "sagas", "compare": "sagas",
    "definitions": "definitions", "definition": "definitions", "definition_version": "definitions",
    "launch": "definitions", "new_definition": "definitions", "compare_versions": "definitions",
    "participants": "participants", "fault_rules": "faults", "workers": "workers",
    "messages": "messages", "message": "messages", "webhooks": "webhooks",
    "audit": "audit", "profile": "profile", "tokens": "profile", "bulks": "bulks", "bulk": "bulks",
    "choose_bulk": "sagas", "start_bulk": "sagas", "cancel_bulk": "bulks", "failure_groups": "failures",
    "failure_group": "failures",
}  # fmt: skip


def section(request: HttpRequest) -> str:
    """The entry of the navigation that this page belongs to."""
    match = request.resolver_match
    if match and match.url_name == "banner":  # it brings the navigation of the page that asks for it
        return request.GET.get("section", "")
    return _SECTIONS.get(match.url_name or "", "") if match else ""


def theme(request: HttpRequest) -> str:
    """The theme the reader forced, or "" to follow their system."""
    chosen = preferences.of_request(request).theme or request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def role(user: Any) -> str:
    """The reader's role in words."""
    if user.is_superuser:
        return _("superuser")
    names = {group.name for group in user.groups.all()}
    words = {ADMIN: _("admin"), OPERATOR: _("operator"), VIEWER: _("viewer")}
    return next((words[name] for name in (ADMIN, OPERATOR, VIEWER) if name in names), _("no role"))


def script_words() -> dict[str, str]:
    """The words that the page's script puts in by itself, as JSON texts."""
    live = {"live": _("Live"), "lost": _("Reconnecting"), "paused": _("Paused"), "copied": _("Copied")}
    time = {"now": _("just now"), "ago": _("%(time)s ago"), "ahead": _("in %(time)s")}
    return {"live": json.dumps(live), "time": json.dumps(time)}


class Rights:
    """In templates: `may.retry_saga` asks for the permission `orchestration.retry_saga`."""

    def __init__(self, user: Any) -> None:
        self._user = user

    def __getitem__(self, permission: str) -> bool:
        return bool(self._user.has_perm(f"orchestration.{permission}"))


@dataclass
class Shell:
    """The banner and the badge of the navigation."""

    user: Any

    @cached_property
    def faults(self) -> list[FaultRule]:
        """Fault rules in force, for those who may see sagas."""
        return list(faults.in_force()) if self.user.has_perm("orchestration.view_saga") else []

    @cached_property
    def first_faults(self) -> list[FaultRule]:
        return self.faults[:_LISTED]

    @cached_property
    def held_up(self) -> list[Participant]:
        """Participants that no call goes out to, paused or failing, for those who may see sagas."""
        return queries.held_up() if self.user.has_perm("orchestration.view_saga") else []

    @cached_property
    def queue_is_away(self) -> bool:
        """Whether Valkey cannot be reached, for those who may see sagas."""
        return self.user.has_perm("orchestration.view_saga") and not queue_is_there()

    @cached_property
    def broker(self) -> Heard | None:
        """What the consumer says of the broker; None: no message comes in by a broker here."""
        return broker_health.heard() if settings.AMQP_URL and self.user.has_perm("orchestration.view_saga") else None

    @cached_property
    def has_messages(self) -> bool:
        """Whether the page of messages is of use to this reader."""
        if not self.user.has_perm("orchestration.view_deadletter"):
            return False
        return bool(settings.AMQP_URL) or DeadLetter.objects.exists()

    @cached_property
    def dead_letters(self) -> CappedCount | None:
        """How many messages wait for a person, capped; None for none."""
        waiting = queries.capped_count(DeadLetter.objects.waiting()) if self.has_messages else None
        return waiting if waiting is not None and waiting.number else None

    @cached_property
    def attention(self) -> CappedCount | None:
        """How many sagas are stuck, capped; None for none or for those who may not see them."""
        if not self.user.has_perm("orchestration.view_saga"):
            return None
        stuck = queries.capped_count(Saga.objects.needs_attention())
        return stuck if stuck.number else None
