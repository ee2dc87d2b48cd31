"""edit-and-retry: another input for a call that nobody can have heard."""

from typing import Any

import pytest

from orchestration.core.states import SagaStatus
from orchestration.models import AuditEntry
from orchestration.operator_actions import Conflict, preview
from orchestration.participants.function import Refusal
from tests.orchestration.operator_actions.stories import stuck_in_doubt, stuck_past_the_pivot
from tests.orchestration.scripted import World, act, admin, again, define, no, outcomes, run_until_quiet, start

FIXED = {"carrier": "other"}


def test_the_call_goes_out_with_the_new_input_under_the_same_key(engine: World) -> None:
    saga = stuck_past_the_pivot(engine)
    after = act("edit-and-retry", saga, details={"input": FIXED})
    assert after.revision > saga.revision
    run_until_quiet()
    refused, repaired = engine.commands[1:3]
    assert (refused.step, repaired.step, repaired.input) == ("two", "two", FIXED)
    assert repaired.key == refused.key
    assert again(saga).status == SagaStatus.COMPLETED


def test_the_old_attempt_is_kept_with_what_it_sent(engine: World) -> None:
    saga = stuck_past_the_pivot(engine)
    act("edit-and-retry", saga, details={"input": FIXED})
    run_until_quiet()
    attempts: Any = saga.attempts.filter(position=1).order_by("number")
    old, new = attempts
    assert (old.number, old.outcome, new.number, new.outcome) == (1, "refused", 2, "succeeded")
    assert "carrier" not in old.request
    assert new.request == FIXED


def test_the_undo_carries_the_new_input_too(engine: World) -> None:
    engine.will("one", no())
    engine.will("one", Refusal("wrong address"), direction="compensation")
    saga = start(define("one"))
    run_until_quiet()
    act("edit-and-retry", saga, details={"input": FIXED})
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.commands[-1].input == FIXED


def test_a_try_in_doubt_forbids_it(engine: World) -> None:
    saga = stuck_in_doubt(engine)
    with pytest.raises(Conflict, match="two is in doubt"):
        act("edit-and-retry", saga, details={"input": FIXED})
    assert saga.steps.get(name="two").edited_input is None
    assert outcomes(saga) == [(1, "succeeded"), (1, "in_doubt")]


def test_a_refused_edit_is_audited_with_its_input(engine: World) -> None:
    saga = stuck_in_doubt(engine)
    with pytest.raises(Conflict):
        act("edit-and-retry", saga, details={"input": FIXED})
    row: Any = AuditEntry.objects.get(saga_id=saga.pk, act="edit-and-retry")
    assert not row.granted
    assert row.after["details"] == {"input": FIXED}
    assert "in doubt" in row.after["why_not"]


def test_its_preview_shows_what_would_be_sent(engine: World) -> None:
    saga = stuck_past_the_pivot(engine)
    as_it_is = preview("edit-and-retry", saga_id=saga.pk, actor=admin())
    edited = preview("edit-and-retry", saga_id=saga.pk, actor=admin(), details={"input": FIXED})
    assert as_it_is.calls[0].payload == {"input": {}, "outputs": {"one": {"did": "one"}}}
    assert edited.calls[0].payload == FIXED
    assert [call.step for call in edited.calls] == ["two", "three"]
    assert saga.steps.get(name="two").edited_input is None
