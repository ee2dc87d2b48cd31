"""API tokens: kept as a hash, narrowed by scopes, out when revoked, expired or their user is."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models.functions import Now

from orchestration import tokens
from orchestration.models import ApiToken, AuditEntry


def test_only_a_hash_is_stored(cast):
    token, secret = tokens.issue(user=cast.operator.user, name="ci")
    assert token.digest == hashlib.sha256(secret.encode()).hexdigest()
    assert len(secret) >= 43
    assert secret not in str(ApiToken.objects.values_list())
    assert secret not in str(AuditEntry.objects.values_list())


def test_a_token_speaks_for_its_user(cast):
    _token, secret = tokens.issue(user=cast.operator.user, name="ci")
    actor = tokens.authenticate(secret)
    assert actor is not None
    assert (actor.name, actor.scopes, actor.via) == ("operator", None, "rest")
    assert actor.may("retry_saga")
    assert not actor.may("add_faultrule")


def test_scopes_narrow_but_never_widen(cast):
    _token, secret = tokens.issue(user=cast.operator.user, name="ci", scopes=["launch", "delete"])
    actor = tokens.authenticate(secret)
    assert actor is not None
    assert actor.may("launch_saga")
    assert not actor.may("view_saga")
    assert not actor.may("delete_faultrule")


def test_an_unknown_scope_is_refused(cast):
    with pytest.raises(tokens.UnknownScope, match="fly"):
        tokens.issue(user=cast.operator.user, name="ci", scopes=["fly"])


def test_a_token_ends(cast):
    admin = cast.admin.actor
    token, secret = tokens.issue(user=cast.operator.user, name="ci", expires_in=timedelta(hours=1), actor=admin)
    assert tokens.authenticate(secret) is not None
    ApiToken.objects.filter(pk=token.pk).update(expires_at=Now())
    assert tokens.authenticate(secret) is None
    token, secret = tokens.issue(user=cast.operator.user, name="ci")
    assert tokens.revoke(token_id=token.pk, actor=admin).revoked_at is not None
    assert tokens.authenticate(secret) is None


def test_the_token_of_an_inactive_user_is_out(cast):
    cast.operator.user.is_active = False
    cast.operator.user.save()
    assert tokens.authenticate(cast.operator.token) is None


def last_use() -> Any:
    return ApiToken.objects.values_list("last_used_at", flat=True).get(name="operator's")


def test_use_is_noted_at_most_once_a_minute(cast):
    assert last_use() is None
    tokens.authenticate(cast.operator.token)
    noted = last_use()
    tokens.authenticate(cast.operator.token)
    assert last_use() == noted
    ApiToken.objects.filter(name="operator's").update(last_used_at=Now() - timedelta(minutes=2))
    stale = last_use()
    tokens.authenticate(cast.operator.token)
    assert last_use() > stale


@pytest.mark.parametrize("secret", ["", "x", "\ud800", "é" * 1000])
def test_nonsense_is_nobody(db, secret):
    assert tokens.authenticate(secret) is None


def test_issuing_and_revoking_need_the_right_and_leave_rows(cast):
    for act in (
        lambda: tokens.issue(user=cast.viewer.user, name="mine", actor=cast.operator.actor),
        lambda: tokens.revoke(token_id=ApiToken.objects.all()[0].pk, actor=cast.operator.actor),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert AuditEntry.objects.filter(actor="operator", granted=False).count() == 2
