"""Decisions written down for those who are not the owner, and for an owner that lets go. No database."""

from typing import Any

import pytest

from orchestration import advance
from orchestration.advance import Happened
from orchestration.core.draft import NotAllowed
from orchestration.core.events import (
    Compensate,
    Event,
    Pause,
    Resume,
    Retry,
    Succeeded,
)
from orchestration.core.saga_state import SagaState
from orchestration.core.states import SagaStatus as G
from orchestration.store.rows import SagaChange
from tests.core.letters import DEADLINE, NOW, at_rest, letters, saga
from tests.orchestration.changes import ERROR, ME, attempt, owner, stored

# -- outside -------------------------------------------------------------------------------------------------------


def acted(state: SagaState, event: Event, **fields: Any) -> SagaChange:
    happened = Happened("act", actor="olga", reason="the stock is back")
    return advance.outside(stored(state, **fields), event, happened, NOW)


def test_an_outside_write_is_counted_so_that_the_owner_notices():
    change = acted(saga("srp"), Compensate(), drain_id=ME)
    assert (change.seen_outside_writes, change.outside_writes) == (2, 3)
    assert (change.seen_epoch, change.epoch, change.revision) == (4, 4, 8)
    assert (change.actor, change.reason) == ("olga", "the stock is back")


@pytest.mark.parametrize("event", [Compensate(), Pause()])
def test_the_owner_of_a_call_that_is_out_stays_the_owner(event):
    change = acted(saga("srp"), event, drain_id=ME)
    assert (change.drain_id, change.due_at) == (ME, None)


@pytest.mark.parametrize(
    ("state", "event", "due_at"),
    [
        pytest.param(saga("sfp"), Retry(), NOW, id="retry: due at once"),
        pytest.param(saga("sfp"), Compensate(), NOW, id="compensate: due at once"),
        pytest.param(saga("sdp", paused=True), Resume(), NOW, id="resume: due at once"),
        pytest.param(saga("sdp"), Pause(), DEADLINE, id="pause: only its deadline"),
        pytest.param(saga("sup"), Pause(), None, id="pause while compensating: not by itself"),
        pytest.param(saga("dp"), Compensate(), None, id="ended by the act: never"),
    ],
)
def test_an_act_begins_no_call_itself(state, event, due_at):
    change = acted(state, event)
    assert (change.drain_id, change.due_at, change.state.calls_out()) == (None, due_at, [])


def test_an_act_frees_a_parked_saga():
    assert acted(saga("sfp"), Retry()).parked_on is None


def test_a_saga_ended_by_an_act_before_it_began_has_both_times():
    change = acted(saga("dp"), Compensate(), started_at=None)
    assert (change.state.status, change.started_at, change.finished_at) == (G.COMPENSATED, NOW, NOW)


def test_an_act_that_does_not_fit_changes_nothing():
    with pytest.raises(NotAllowed, match="has ended"):
        acted(saga("s"), Retry())


# -- given back, and given up --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), [("srp", "sdp"), ("sc", "su")])
def test_a_saga_given_back_is_due_at_once_and_nobody_is_blamed(before, after):
    mine = stored(saga(before, at={1: {"tries": 2}}), drain_id=ME)
    lost = attempt(1, "lost", direction="action" if before == "srp" else "compensation")
    change = advance.given_back(mine, [lost], NOW)
    step = change.state.steps[1]
    assert (letters(change.state), step.losses, step.tries, step.in_doubt) == (after, 0, 1, True)
    assert (change.drain_id, change.due_at, change.attempts, change.epoch) == (None, NOW, [lost], 4)


def test_a_saga_that_the_engine_fails_on_is_stuck_and_free():
    mine = stored(saga("srp"), drain_id=ME)
    change = advance.cannot_go_on(mine, "its answer could not be recorded", [attempt(1, "in_doubt", error=ERROR)], NOW)
    assert (at_rest(change.state), change.state.stuck_reason) == ((G.STUCK, "sfp"), "its answer could not be recorded")
    assert (change.drain_id, change.due_at, change.reason) == (None, None, "its answer could not be recorded")
    assert (change.step_errors, change.kind) == ({1: ERROR}, "cannot_go_on")


# -- after ---------------------------------------------------------------------------------------------------------


def test_what_landed_is_what_the_owner_then_holds():
    before = stored(saga("rp", outputs={"earlier": 1}), drain_id=ME)
    change = advance.owned(before, (Succeeded(0, {"ref": "R-7"}),), (), owner(), NOW)
    held = advance.landed(before, change)
    assert (held.state, held.epoch, held.revision, held.drain_id) == (change.state, 4, 8, ME)
    assert held.state.outputs == {"earlier": 1, "step-1": {"ref": "R-7"}}
