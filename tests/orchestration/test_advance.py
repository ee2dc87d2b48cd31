"""Decisions written down: who owns the saga afterwards, when it is due, and what is kept of each call. No database."""

import json

import pytest

from orchestration import advance
from orchestration.core.events import (
    DeadlinePassed,
    InDoubt,
    NotSent,
    Refused,
    StaleEpoch,
    Succeeded,
)
from orchestration.core.states import SagaStatus as G
from tests.core.letters import DEADLINE, NOW, at_rest, letters, saga
from tests.orchestration.changes import ERROR, ME, OTHER, SECOND, answered, attempt, owner, stored

# -- claimed -------------------------------------------------------------------------------------------------------


def test_a_claim_takes_the_saga_and_begins_its_calls():
    change = advance.claimed(stored(saga("sdp")), owner(), NOW)
    assert (letters(change.state), change.moves, change.kind) == ("srp", "1:due>running", "claimed")
    assert (change.drain_id, change.due_at, change.parked_on) == (ME, None, None)
    assert (len(change.attempts), [step.definition.index for step in change.steps]) == (0, [1])


def test_a_claim_fences_off_the_owner_before():
    change = advance.claimed(stored(saga("dp")), owner(), NOW)
    assert (change.seen_epoch, change.epoch) == (4, 5)
    assert (change.seen_outside_writes, change.outside_writes) == (2, 2)


def test_the_first_claim_starts_the_saga():
    change = advance.claimed(stored(saga("dp"), started_at=None), owner(), NOW)
    assert (change.state.status, change.started_at, change.finished_at, change.revision) == (G.RUNNING, NOW, None, 8)
    later = advance.claimed(stored(saga("sd")), owner(), NOW)
    assert (later.started_at, later.revision) == (NOW - SECOND, 7)


def test_calls_that_were_lost_with_their_owner_become_attempts_and_are_made_again():
    state = saga("srp", at={1: {"attempt_started_at": NOW - 9 * SECOND}})
    change = advance.claimed(stored(state, drain_id=OTHER), owner(), NOW)
    [lost] = change.attempts
    assert (lost.position, lost.direction, lost.number, lost.outcome) == (1, "action", 1, "lost")
    assert (lost.epoch, lost.started_at, lost.finished_at) == (4, NOW - 9 * SECOND, NOW)
    assert (change.kind, change.moves, change.drain_id) == ("lost", "1:running>due>running", ME)
    step = change.state.steps[1]
    assert (step.losses, step.tries, step.action_attempts, step.in_doubt) == (1, 1, 2, True)
    assert json.loads(change.step_errors[1])["code"] == "worker_lost"


def test_an_undo_that_was_lost_is_made_again():
    change = advance.claimed(stored(saga("sc"), drain_id=OTHER), owner(), NOW)
    assert [(lost.direction, lost.number) for lost in change.attempts] == [("compensation", 1)]
    assert (letters(change.state), change.step_errors) == ("sc", {})


def test_a_call_lost_too_often_leaves_the_saga_stuck_without_an_owner():
    change = advance.claimed(stored(saga("rp", at={0: {"losses": 4}}), drain_id=OTHER), owner(), NOW)
    assert (at_rest(change.state), change.drain_id, change.due_at) == ((G.STUCK, "fp"), None, None)


@pytest.mark.parametrize(
    ("before", "after", "drain_id"),
    [
        pytest.param("sdp", "ckp", ME, id="before a call: the way back begins at once"),
        pytest.param("srp", "scp", ME, id="with a lost call: it is undone"),
        pytest.param("dp", "kp", None, id="before anything: ended"),
    ],
)
def test_a_claim_past_the_deadline_turns_the_saga_back(before, after, drain_id):
    change = advance.claimed(stored(saga(before, deadline_at=NOW)), owner(), NOW)
    assert (letters(change.state), change.drain_id, change.reason) == (after, drain_id, "deadline passed")


def test_a_paused_saga_past_its_deadline_turns_back_and_waits():
    change = advance.claimed(stored(saga("swp", paused=True, deadline_at=NOW)), owner(), NOW)
    assert (at_rest(change.state), change.drain_id, change.due_at) == ((G.COMPENSATING, "sup"), None, None)


# -- blocked, and a drain that stops -------------------------------------------------------------------------------


@pytest.mark.parametrize("before", ["dp", "sdp", "su"])
def test_a_saga_that_may_not_be_called_now_is_parked(before):
    change = advance.claimed(stored(saga(before)), owner(blocked=lambda _step: "participant:orders"), NOW)
    assert (letters(change.state), change.parked_on) == (before, "participant:orders")
    assert (change.drain_id, change.due_at, change.epoch) == (None, NOW, 5)


def test_what_blocks_a_later_step_parks_nothing():
    blocks_the_second = owner(blocked=lambda step: "participant:orders" if step.definition.index == 1 else None)
    assert advance.claimed(stored(saga("dp")), blocks_the_second, NOW).parked_on is None
    change = answered(saga("rp"), Succeeded(0), by=blocks_the_second)
    assert (letters(change.state), change.parked_on, change.drain_id) == ("sd", "participant:orders", None)


def test_a_step_in_backoff_is_not_parked():
    change = answered(saga("rp"), NotSent(0), by=owner(blocked=lambda _step: "participant:orders"))
    assert (change.parked_on, change.drain_id, change.due_at) == (None, None, NOW + SECOND)


@pytest.mark.parametrize("state", [saga("d", paused=True), saga("f"), saga("s")], ids=["paused", "stuck", "ended"])
def test_a_saga_that_calls_nobody_is_not_parked(state):
    assert advance.claimed(stored(state), owner(blocked=lambda _step: "solo"), NOW).parked_on is None


def test_a_step_that_is_lost_again_is_parked_until_it_can_be_alone():
    alone = owner(blocked=lambda step: "solo" if step.must_be_alone else None)
    change = advance.claimed(stored(saga("rp", at={0: {"losses": 1}}), drain_id=OTHER), alone, NOW)
    assert (letters(change.state), change.parked_on, change.drain_id) == ("dp", "solo", None)
    assert len(change.attempts) == 1


def test_a_drain_that_stops_records_and_begins_nothing():
    change = answered(saga("rp"), Succeeded(0), by=owner(takes_on=False))
    assert (letters(change.state), change.drain_id, change.due_at, change.parked_on) == ("sd", None, NOW, None)


# -- owned ---------------------------------------------------------------------------------------------------------


def test_an_outcome_and_the_next_intent_are_one_change():
    change = answered(saga("rp"), Succeeded(0), attempt(0, "succeeded"))
    assert (letters(change.state), change.moves) == ("sr", "0:running>succeeded 1:pending>due>running")
    assert (change.drain_id, change.due_at, change.epoch, change.revision) == (ME, None, 4, 8)
    assert [step.definition.index for step in change.steps] == [0, 1]


def test_a_saga_that_waits_for_its_next_try_is_let_go():
    change = answered(saga("rp"), InDoubt(0), attempt(0, "in_doubt"))
    assert (letters(change.state), change.drain_id, change.due_at) == ("dp", None, NOW + SECOND)
    assert change.revision == 7


@pytest.mark.parametrize(
    ("state", "event", "status"),
    [
        pytest.param(saga("r"), Succeeded(0), G.COMPLETED, id="completed"),
        pytest.param(saga("c"), Succeeded(0), G.COMPENSATED, id="compensated"),
    ],
)
def test_an_ended_saga_is_let_go_for_ever(state, event, status):
    change = answered(state, event)
    assert (change.state.status, change.drain_id, change.due_at, change.finished_at) == (status, None, None, NOW)


def test_a_stuck_saga_is_let_go_with_its_reason():
    change = answered(saga("sc"), Refused(1), attempt(1, "refused", direction="compensation", error=ERROR))
    assert (change.state.status, change.drain_id, change.due_at, change.finished_at) == (G.STUCK, None, None, None)
    assert change.reason == change.state.stuck_reason == "step-2: the participant refuses to undo it"


def test_what_ends_while_paused_is_recorded_and_nothing_follows():
    change = answered(saga("rp", paused=True), Succeeded(0))
    assert (letters(change.state), change.drain_id, change.due_at) == ("sd", None, DEADLINE)


def test_a_deadline_with_a_call_out_keeps_the_owner_until_it_is_settled():
    change = answered(saga("srp", deadline_at=NOW), DeadlinePassed())
    assert (at_rest(change.state), change.drain_id, change.attempts) == ((G.COMPENSATING, "srp"), ME, ())


# -- the last error of a step --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "event", "attempts", "errors"),
    [
        pytest.param(saga("r"), InDoubt(0), [attempt(0, "in_doubt", error=ERROR)], {0: ERROR}, id="kept"),
        pytest.param(saga("r"), Refused(0), [attempt(0, "refused", error=ERROR)], {0: ERROR}, id="of a refusal"),
        pytest.param(saga("r"), Succeeded(0), [attempt(0, "succeeded")], {0: "null"}, id="cleared by success"),
        pytest.param(
            saga("c"), Succeeded(0), [attempt(0, "succeeded", direction="compensation")], {}, id="kept after the undo"
        ),
        pytest.param(
            saga("c"), InDoubt(0), [attempt(0, "in_doubt", direction="compensation", error=ERROR)], {},
            id="errors of the undo are not the step's",
        ),
        pytest.param(
            saga("s"), InDoubt(0), [attempt(0, "in_doubt", error=ERROR)], {}, id="not of an answer nobody waits for"
        ),
    ],
)  # fmt: skip
def test_a_step_keeps_its_last_error_until_its_action_succeeds(state, event, attempts, errors):
    assert answered(state, event, *attempts).step_errors == errors


def test_after_a_stale_epoch_the_saga_is_let_go_so_that_a_claim_raises_the_epoch():
    mine = stored(saga("rp"), drain_id=ME)
    change = advance.owned(mine, (StaleEpoch(0),), (), owner(), NOW)
    assert (letters(change.state), change.drain_id, change.due_at) == ("dp", None, NOW)
