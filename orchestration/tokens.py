"""API tokens: 256 random bits shown once; only a hash is stored, so a copy of the database opens nothing."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from orchestration import audit
from orchestration.audit import Actor
from orchestration.models import ApiToken

PREFIX = "saga_"
SCOPES = (
    "view", "launch", "retry", "compensate", "skip", "resolve", "pause", "resume", "edit-and-retry",
    "restart-from", "abandon", "approve", "note", "add", "change", "delete",
)  # fmt: skip
MAX_PER_MINUTE = 1_000_000
OWN_AT_MOST = timedelta(days=365)
USE_IS_NOTED_EVERY = timedelta(minutes=1)


class UnknownScope(ValueError):
    """A scope is none of the operator verbs."""


def issue(
    *,
    user: User,
    name: str,
    scopes: Collection[str] = (),
    expires_in: timedelta | None = None,
    per_minute: int | None = None,
    actor: Actor | None = None,
) -> tuple[ApiToken, str]:
    """A new token and its secret, which is never shown again.

    `scopes` narrow the user's rights; none: all of them. `per_minute`: its own limit of requests. Without `actor` (a
    management command) the audit row names the user. Raises PermissionDenied (audited) and UnknownScope.
    """
    _must(actor, "add_apitoken", "issue token", name)
    return _make(actor or Actor(user, "command"), user, name, scopes, expires_in, per_minute)


def issue_own(*, actor: Actor, name: str, scopes: Collection[str] = (), expires_in: timedelta) -> tuple[ApiToken, str]:
    """A token for oneself, which needs no right: it can do no more than its person. It always expires.

    Raises PermissionDenied for who came by a token themselves, UnknownScope, and ValueError when it would live longer
    than OWN_AT_MOST.
    """
    if actor.scopes is not None or actor.token:
        raise PermissionDenied("a token makes no tokens")
    if not timedelta(0) < expires_in <= OWN_AT_MOST:
        raise ValueError(f"a token of one's own lives {OWN_AT_MOST.days} days at most")
    return _make(actor, actor.user, name, scopes, expires_in, None)


def _make(
    actor: Actor, user: User, name: str, scopes: Collection[str], expires_in: timedelta | None, per_minute: int | None
) -> tuple[ApiToken, str]:
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise UnknownScope(f"unknown scope: {', '.join(unknown)}; there are {', '.join(SCOPES)}")
    secret = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user, name=name, digest=_digest(secret), scopes=sorted(set(scopes)),
            expires_at=Now() + expires_in if expires_in is not None else None, per_minute=per_minute,
        )  # fmt: skip
        _note(actor, "issue token", token)
    token.refresh_from_db()
    return token, secret


def revoke(*, token_id: int, actor: Actor) -> ApiToken:
    """Close a token for good; twice changes nothing. Raises PermissionDenied (audited) and ApiToken.DoesNotExist."""
    _must(actor, "delete_apitoken", "revoke token", str(token_id))
    return _close(actor, ApiToken.objects.filter(pk=token_id))


def revoke_own(*, token_id: int, actor: Actor) -> ApiToken:
    """The same for one's own; somebody else's is ApiToken.DoesNotExist."""
    return _close(actor, ApiToken.objects.filter(pk=token_id, user=actor.user))


def _close(actor: Actor, tokens: QuerySet[ApiToken]) -> ApiToken:
    with transaction.atomic():
        token = tokens.select_for_update().get()
        if token.revoked_at is None:
            ApiToken.objects.filter(pk=token.pk).update(revoked_at=Now())
            _note(actor, "revoke token", token)
    token.refresh_from_db()
    return token


def authenticate(secret: str, *, via: str = "rest") -> Actor | None:
    """Whose token this is; None when it is unknown, revoked, expired, or its user is not active."""
    alive = ApiToken.objects.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=Now()))
    token = alive.select_related("user").annotate(now=Now()).filter(digest=_digest(secret)).first()
    if token is None or not token.user.is_active:
        return None
    if token.last_used_at is None or token.now - token.last_used_at > USE_IS_NOTED_EVERY:
        # Once a minute is enough to see whether a token is in use, and spares a write for every call.
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=Now())
    scopes = frozenset(token.scopes) if token.scopes else None
    return Actor(token.user, via, scopes, token=token.digest[:32], per_minute=token.per_minute)


def _digest(secret: str) -> str:
    # No salt and no slow hash: 256 random bits cannot be guessed, and the hash must be found by its index.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _must(actor: Actor | None, permission: str, act: str, subject: str) -> None:
    if actor is not None and not actor.may(permission):
        audit.write(actor=actor, act=act, subject=subject[:128], granted=False)
        actor.must(permission)


def _note(actor: Actor, act: str, token: ApiToken) -> None:
    about: dict[str, Any] = {"user": token.user.get_username(), "name": token.name, "scopes": token.scopes}
    audit.write(actor=actor, act=act, subject=f"token {token.pk}", granted=True, after=about)
