"""resolve: a person has found out what became of a step in doubt."""

from typing import Any

import pytest

from orchestration.core.states import SagaStatus
from orchestration.models import AuditEntry, Saga
from orchestration.operator_actions import Conflict, WrongAct, preview
from tests.orchestration.operator_actions.stories import stuck_in_doubt, stuck_on_an_undo_in_doubt, stuck_past_the_pivot
from tests.orchestration.scripted import World, act, admin, again, run_until_quiet, steps_of


def resolve(saga: Saga, outcome: str, **details: Any) -> Saga:
    return act("resolve", saga, details={"outcome": outcome, **details})


def test_applied_goes_on_as_if_the_step_had_answered_so(engine: World) -> None:
    saga = stuck_in_doubt(engine)
    resolve(saga, "applied", output={"ref": "T-7"})
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert engine.calls == ["one", "two", "three"]
    assert engine.commands[2].input["outputs"]["two"] == {"ref": "T-7"}
    assert saga.steps.get(name="two").output == {"ref": "T-7"}


def test_applied_needs_no_output(engine: World) -> None:
    saga = stuck_in_doubt(engine)
    resolve(saga, "applied")
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert list(engine.commands[2].input["outputs"]) == ["one"]


def test_not_applied_stays_stuck_and_opens_skip(engine: World) -> None:
    saga = stuck_in_doubt(engine)
    with pytest.raises(Conflict, match="in doubt"):
        act("skip", saga)
    after = resolve(saga, "not_applied")
    assert (after.status, after.revision) == (SagaStatus.STUCK, saga.revision + 1)
    assert not saga.steps.get(name="two").in_doubt
    act("skip", saga)
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert engine.calls == ["one", "two", "three"]


def test_an_undo_that_was_applied_is_done(engine: World) -> None:
    saga = stuck_on_an_undo_in_doubt(engine)
    resolve(saga, "applied")
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.calls == ["one", "two", "-two", "-one"]


def test_an_undo_has_no_output_to_tell(engine: World) -> None:
    saga = stuck_on_an_undo_in_doubt(engine)
    with pytest.raises(WrongAct) as wrong:
        resolve(saga, "applied", output={"ref": 1})
    assert wrong.value.field == "output"
    assert again(saga).status == SagaStatus.STUCK


def test_where_nothing_is_in_doubt_there_is_nothing_to_resolve(engine: World) -> None:
    saga = stuck_past_the_pivot(engine)
    with pytest.raises(Conflict, match="in doubt"):
        resolve(saga, "applied")
    assert again(saga).revision == saga.revision


def test_the_audit_keeps_what_the_person_said(engine: World) -> None:
    saga = stuck_in_doubt(engine)
    resolve(saga, "applied", output={"ref": "T-7"})
    row: Any = AuditEntry.objects.get(saga_id=saga.pk, act="resolve")
    assert row.granted
    assert row.before["steps"]["two"] == "failed"
    assert row.after["steps"]["two"] == "succeeded"
    assert row.after["details"] == {"outcome": "applied", "output": {"ref": "T-7"}}


def test_the_preview_of_each_outcome_names_its_own_calls(engine: World) -> None:
    saga = stuck_in_doubt(engine)
    applied = preview("resolve", saga_id=saga.pk, actor=admin(), details={"outcome": "applied"})
    not_applied = preview("resolve", saga_id=saga.pk, actor=admin(), details={"outcome": "not_applied"})
    assert [call.step for call in applied.calls] == ["three"]
    assert not_applied.calls == []
    assert steps_of(saga)["two"] == "failed"
