"""approve: a person with the right that the step names decides, and the reason is kept."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied

from orchestration.core.states import SagaStatus
from orchestration.models import AuditEntry, Saga
from orchestration.operator_actions import Conflict, perform, preview
from tests.cast import Cast, Person
from tests.orchestration.operator_actions.stories import stuck_in_doubt, waiting_for_approval
from tests.orchestration.scripted import World, act, again, define, run_until_quiet, start, steps_of

APPROVED, REJECTED = {"outcome": "approved"}, {"outcome": "rejected"}


@pytest.fixture
def big_payments(engine: World) -> Permission:
    kind = ContentType.objects.get_for_model(Saga)
    return Permission.objects.create(
        content_type=kind, codename="approve_big_payments", name="May approve big payments"
    )


def decide(saga: Saga, person: Person, details: dict[str, str], step: str | None = None) -> Saga:
    return perform("approve", saga_id=saga.pk, actor=person.actor, reason="seen the papers", details=details, step=step)


def test_approved_goes_on_and_later_steps_read_who_and_why(engine: World, cast: Cast) -> None:
    saga = waiting_for_approval(engine)
    assert steps_of(saga) == {"one": "succeeded", "ok": "waiting", "two": "pending"}
    decide(saga, cast.operator, APPROVED)
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    told = engine.commands[1].input["outputs"]["ok"]
    assert told.pop("at").startswith("20")
    assert told == {"outcome": "approved", "by": "operator", "reason": "seen the papers"}


def test_rejected_is_a_refusal_that_keeps_who_and_why(engine: World, cast: Cast) -> None:
    saga = waiting_for_approval(engine)
    decide(saga, cast.operator, REJECTED)
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.calls == ["one", "-one"]
    error = saga.steps.get(name="ok").error
    assert error == {"message": "seen the papers", "code": "rejected", "by": "operator"}
    journal = saga.events.get(kind="approve")
    assert (journal.actor, journal.reason) == ("operator", "seen the papers")


def test_the_right_is_the_one_that_the_step_names(engine: World, cast: Cast, big_payments: Permission) -> None:
    saga = waiting_for_approval(engine, permission="approve_big_payments")
    with pytest.raises(PermissionDenied, match="approve_big_payments"):
        decide(saga, cast.operator, APPROVED)
    assert AuditEntry.objects.get(act="approve", granted=False).actor == "operator"
    cast.viewer.user.user_permissions.add(big_payments)
    decide(saga, cast.viewer, APPROVED)
    assert steps_of(saga)["ok"] == "succeeded"


def test_the_preview_says_whether_one_may(engine: World, cast: Cast, big_payments: Permission) -> None:
    saga = waiting_for_approval(engine, permission="approve_big_payments")
    cast.viewer.user.user_permissions.add(big_payments)
    refused = preview("approve", saga_id=saga.pk, actor=cast.operator.actor)
    granted = preview("approve", saga_id=saga.pk, actor=cast.viewer.actor, details=REJECTED)
    assert (refused.allowed, refused.why_not) == (False, "you lack the right to approve")
    assert granted.allowed
    assert [(call.step, call.direction) for call in granted.calls] == [("one", "compensation")]


def test_of_two_approvals_side_by_side_one_must_be_named(engine: World, cast: Cast) -> None:
    asked: list[Any] = [{"name": name, "approval": {}} for name in ("finance", "legal")]
    saga = start(define({"parallel": asked}))
    run_until_quiet()
    with pytest.raises(Conflict, match="name one of finance, legal"):
        decide(saga, cast.operator, APPROVED)
    decide(saga, cast.operator, APPROVED, step="legal")
    assert steps_of(saga) == {"finance": "waiting", "legal": "succeeded"}


def test_where_nobody_is_asked_there_is_nothing_to_decide(engine: World, cast: Cast) -> None:
    saga = stuck_in_doubt(engine)
    with pytest.raises(Conflict, match="no step waits for an approval"):
        decide(saga, cast.operator, APPROVED)
    with pytest.raises(Conflict, match="no step waits for an approval"):
        decide(saga, cast.operator, APPROVED, step="two")


def test_a_decision_is_made_once(engine: World, cast: Cast) -> None:
    saga = waiting_for_approval(engine)
    act("pause", saga)
    decide(saga, cast.operator, APPROVED)
    with pytest.raises(Conflict):
        decide(saga, cast.admin, REJECTED)
    assert steps_of(saga)["ok"] == "succeeded"
