"""Who may do what, by role and by the token's scopes; and the audit row of every try."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from orchestration import tokens
from orchestration.audit import Actor
from orchestration.models import AuditEntry, Saga
from orchestration.operator_actions import ACTS, Conflict, perform
from tests.cast import Cast
from tests.orchestration.scripted import World, define, start

DETAILS: dict[str, dict[str, Any]] = {
    "resolve": {"outcome": "not_applied"}, "edit-and-retry": {"input": {"qty": 1}}, "approve": {"outcome": "rejected"},
}  # fmt: skip


@pytest.fixture
def saga(engine: World, cast: Cast) -> Saga:
    return start(define("one"))


def ask(act: str, saga: Saga, actor: Actor) -> str:
    """Whether the right, the state or nothing stood against it."""
    details = {"confirm": str(saga.pk)} if act == "abandon" else DETAILS.get(act, {})
    try:
        perform(act, saga_id=saga.pk, actor=actor, reason="because", details=details)
    except PermissionDenied:
        return "no right"
    except Conflict:
        return "does not fit"
    return "done"


# The saga has only been launched, so nothing but these three fits.
FITS = {"compensate": "done", "pause": "done", "resume": "done"}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("person", ["viewer", "operator", "admin", "stranger"])
def test_each_role_may_do_what_it_is_for_and_each_try_is_audited(saga: Saga, cast: Cast, act: str, person: str) -> None:
    may = person == "admin" or (person == "operator" and act != "abandon")
    expected = FITS.get(act, "does not fit") if may else "no right"
    assert ask(act, saga, getattr(cast, person).actor) == expected
    row = AuditEntry.objects.get(saga_id=saga.pk)
    assert (row.actor, row.act, row.granted, row.reason) == (person, act, expected == "done", "because")


@pytest.mark.parametrize("act", ACTS)
def test_a_token_does_what_its_scope_names_and_nothing_else(saga: Saga, cast: Cast, act: str) -> None:
    _token, secret = tokens.issue(user=cast.admin.user, name="one verb", scopes=[act])
    actor = tokens.authenticate(secret)
    assert actor is not None
    for name in ACTS:
        assert (ask(name, saga, actor) == "no right") == (name != act)


def test_every_act_is_a_scope() -> None:
    assert {*ACTS, "note", "launch", "view"} <= set(tokens.SCOPES)
