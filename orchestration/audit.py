"""Who asks, and the audit row that every act leaves, granted or refused."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied

from orchestration.identifiers import uuid7
from orchestration.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Actor:
    """A person (or their token) and the way they came. `scopes`: the token's verbs; None means no narrowing.

    `token`: what tells the token from others, empty without one. `per_minute`: its own limit of requests, if any.
    """

    user: Any
    via: str
    scopes: frozenset[str] | None = None
    token: str = ""
    per_minute: int | None = None

    @property
    def name(self) -> str:
        return str(self.user.get_username())

    def may(self, permission: str, *, verb: str = "") -> bool:
        """Whether the user has `orchestration.<permission>` and the token, if any, was made for its verb.

        `verb`: where the permission's own name does not say it.
        """
        if self.scopes is not None and (verb or verb_of(permission)) not in self.scopes:
            return False
        return bool(self.user.has_perm(f"orchestration.{permission}"))

    def must(self, permission: str, *, verb: str = "") -> None:
        """Raises PermissionDenied unless the actor `may`."""
        if not self.may(permission, verb=verb):
            raise PermissionDenied(f"{self.name} lacks the right {permission}")


class _Shell:
    """Whoever runs a management command has the database anyway."""

    def __init__(self, command: str) -> None:
        self._command = command

    def get_username(self) -> str:
        return f"manage.py {self._command}"

    def has_perm(self, _permission: str) -> bool:
        return True


def shell(command: str) -> Actor:
    """The management command of that name as the one who asks."""
    return Actor(_Shell(command), "command")


def verb_of(permission: str) -> str:
    """As addresses and scopes spell it: edit_and_retry_saga is edit-and-retry, view_sagadefinition is view."""
    verb = permission.removesuffix("_saga")
    return verb.split("_", 1)[0] if verb == permission else verb.replace("_", "-")


def write(
    *,
    actor: Actor,
    act: str,
    subject: str,
    granted: bool,
    reason: str = "",
    saga_id: UUID | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEntry:
    """Insert the audit row. Call it in the act's own transaction; for a refused act, outside of the one rolled back."""
    return AuditEntry.objects.create(
        id=uuid7(), actor=actor.name, act=act, subject=subject, granted=granted, reason=reason, saga_id=saga_id,
        via=actor.via, before=before, after=after,
    )  # fmt: skip
