"""Steps side by side: siblings are settled, stages undone in reverse, and a stuck saga never has a call out."""

from datetime import timedelta

import pytest

from orchestration.core.decisions import begin, decide
from orchestration.core.events import (
    Accepted,
    CannotGoOn,
    Compensate,
    DeadlinePassed,
    InDoubt,
    Refused,
    Resolve,
    Retry,
    Skip,
    Succeeded,
    TryLater,
    Undone,
)
from orchestration.core.saga_state import SagaState, Stuck
from orchestration.core.states import SagaStatus as G
from tests.core.letters import APPROVAL, BACKOFF, NOW, TIMER, TRIES, at_rest, letters, saga

SIDE = [0, 1, 1]
HEARD = {**BACKOFF, "action_attempts": 1, "tries": 1, "sent": True, "refused_only": False}
UNHEARD = {**BACKOFF, "action_attempts": 1, "tries": 1}
HOLD = {"hold_when_exhausted": True}
SPENT = {"tries": TRIES, "action_attempts": TRIES, "sent": True, "refused_only": False}


@pytest.mark.parametrize(
    ("before", "event", "status", "after"),
    [
        pytest.param(saga("srr", stages=SIDE), Refused(1), G.COMPENSATING, "sur", id="a call that is out ends first"),
        pytest.param(saga("srs", stages=SIDE), Refused(1), G.COMPENSATING, "suu", id="done: undone, with the failed"),
        pytest.param(saga("srd", stages=SIDE), Refused(1), G.COMPENSATING, "suk", id="never tried: skipped"),
        pytest.param(
            saga("srd", stages=SIDE, at={2: HEARD}), Refused(1), G.COMPENSATING, "suu", id="between tries: undone"
        ),
        pytest.param(
            saga("srd", stages=SIDE, at={2: UNHEARD}), Refused(1), G.COMPENSATING, "suf", id="never sent: spared"
        ),
        pytest.param(saga("srw", stages=SIDE), Refused(1), G.COMPENSATING, "suu", id="waiting: undone at once"),
        pytest.param(
            saga("srw", stages=SIDE, defined={2: APPROVAL}), Refused(1), G.COMPENSATING, "suk", id="approval: cancelled"
        ),
        pytest.param(
            saga("srw", stages=SIDE, defined={2: TIMER}), Refused(1), G.COMPENSATING, "suk", id="timer: cancelled"
        ),
        pytest.param(
            saga("rw", stages=[0, 0]), Undone(0), G.COMPENSATING, "xu", id="undone by the participant: settled too"
        ),
        pytest.param(saga("rd", stages=[0, 0]), Undone(0), G.COMPENSATED, "xk", id="and a sibling that never began"),
        pytest.param(saga("srr", stages=SIDE), Compensate(), G.COMPENSATING, "srr", id="an operator turns it back"),
        pytest.param(saga("swr", stages=SIDE), DeadlinePassed(), G.COMPENSATING, "sur", id="the deadline turns it"),
    ],
)
def test_siblings_are_settled(before, event, status, after):
    assert at_rest(decide(before, event, NOW).after) == (status, after)


def test_nothing_is_undone_before_the_last_sibling_is_settled():
    turned = decide(saga("srr", stages=SIDE), Refused(1), NOW).after
    assert begin(turned, NOW).moves == ()
    settled = decide(turned, InDoubt(2), NOW).after
    assert letters(begin(settled, NOW).after) == "scc"


@pytest.mark.parametrize(("answer", "after"), [(Succeeded(2), "suu"), (Accepted(2), "suu"), (TryLater(2), "suu")])
def test_a_sibling_that_answers_late_is_undone_with_the_others(answer, after):
    turned = decide(saga("srr", stages=SIDE), Refused(1), NOW).after
    assert letters(decide(turned, answer, NOW).after) == after


def test_stages_are_undone_in_reverse_and_siblings_together():
    state, order = decide(saga("sssr", stages=[0, 1, 1, 2]), Refused(3), NOW).after, []
    while not state.ended:
        state = begin(state, NOW).after
        out = [step.definition.index for step in state.calls_out()]
        order.append(out)
        for index in out:
            state = decide(state, Succeeded(index), NOW).after
    assert (order, at_rest(state)) == ([[3], [1, 2], [0]], (G.COMPENSATED, "xxxx"))


def test_the_next_stage_waits_for_approvals_and_timers_too():
    before = saga("rwwp", stages=[0, 0, 0, 1], defined={1: APPROVAL, 2: TIMER})
    assert at_rest(decide(before, Succeeded(0), NOW).after) == (G.RUNNING, "swwp")


# -- stuck while siblings' calls are out ---------------------------------------------------------------------------

HELD = decide(saga("rrp", stages=[0, 0, 1], at={0: SPENT}, defined={0: HOLD}), TryLater(0), NOW).after


def test_a_saga_is_stuck_only_when_the_last_call_has_ended():
    assert (at_rest(HELD), HELD.stuck_code) == ((G.RUNNING, "frp"), Stuck.HELD)
    assert HELD.wake_at(NOW) == NOW  # a worker that dies now must be noticed
    after = decide(HELD, Succeeded(1), NOW).after
    assert (at_rest(after), after.stuck_code, after.stuck_reason) == ((G.STUCK, "fsp"), Stuck.HELD, HELD.stuck_reason)


@pytest.mark.parametrize(
    ("answer", "after"),
    [(Refused(1), "ffp"), (InDoubt(1), "fdp"), (Accepted(1), "fwp"), (Undone(1), "ffp"), (Succeeded(1), "fsp")],
)
def test_whatever_the_sibling_answers_the_first_reason_stays_and_nothing_is_tried(answer, after):
    stuck = decide(HELD, answer, NOW).after
    assert (at_rest(stuck), stuck.stuck_reason) == ((G.STUCK, after), HELD.stuck_reason)
    assert (begin(stuck, NOW + timedelta(hours=1)).moves, stuck.wake_at(NOW)) == ((), None)


def test_while_it_is_about_to_be_stuck_no_new_try_begins_and_the_deadline_does_nothing():
    waits = decide(saga("rrd", stages=[0, 0, 0], at={0: SPENT, 2: HEARD}, defined={0: HOLD}), TryLater(0), NOW).after
    assert begin(waits, NOW + timedelta(hours=1)).moves == ()
    assert decide(waits, DeadlinePassed(), NOW).after == waits


def test_an_operator_may_turn_it_back_before_it_is_stuck():
    turned = decide(HELD, Compensate(), NOW).after
    assert (at_rest(turned), turned.stuck_code) == ((G.COMPENSATING, "urp"), "")


def test_an_undo_that_fails_waits_for_the_undos_beside_it():
    before = saga("scc", stages=SIDE)
    refused = decide(before, Refused(1), NOW).after
    assert (at_rest(refused), refused.stuck_code) == ((G.COMPENSATING, "syc"), Stuck.COMPENSATION_REFUSED)
    after = decide(refused, Succeeded(2), NOW).after
    assert (at_rest(after), after.stuck_code) == ((G.STUCK, "syx"), Stuck.COMPENSATION_REFUSED)


def test_an_undo_that_is_stuck_holds_the_stages_before_it():
    stuck = decide(saga("sc"), Refused(1), NOW).after
    assert (at_rest(stuck), begin(stuck, NOW).moves) == ((G.STUCK, "sy"), ())


# -- several that failed --------------------------------------------------------------------------------------------

BOTH_FAILED = saga("ffp", stages=[0, 0, 1])


@pytest.mark.parametrize("act", [Skip(0), Resolve(0)])
def test_of_two_failed_siblings_the_other_is_not_forgotten(act):
    before = saga("ffp", stages=[0, 0, 1], at={0: {"in_doubt": isinstance(act, Resolve)}})
    after = decide(before, act, NOW).after
    assert (after.status, after.stuck_code) == (G.STUCK, Stuck.STILL_FAILED)
    assert "step-2" in after.stuck_reason


def test_a_retried_sibling_that_succeeds_leaves_the_saga_stuck_on_the_other():
    retried = begin(decide(BOTH_FAILED, Retry(0), NOW).after, NOW).after
    after = decide(retried, Succeeded(0), NOW).after
    assert (at_rest(after), after.stuck_code) == ((G.STUCK, "sfp"), Stuck.STILL_FAILED)


def test_a_retried_undo_that_succeeds_leaves_the_saga_stuck_on_the_other():
    retried = begin(decide(saga("yy", stages=[0, 0]), Retry(0), NOW).after, NOW).after
    after = decide(retried, Succeeded(0), NOW).after
    assert (at_rest(after), after.stuck_code) == ((G.STUCK, "xy"), Stuck.STILL_FAILED)


# -- the engine fails while the saga goes back: it never goes forward again ----------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(saga("sr", status=G.COMPENSATING), "sy", id="what was being settled is to be undone"),
        pytest.param(
            saga("sr", status=G.COMPENSATING, defined={1: {"compensation": None}}), "yf", id="or the stage before it"
        ),
        pytest.param(saga("rk", status=G.COMPENSATING, stages=[0, 0]), "yk", id="beside one that was skipped"),
    ],
)
def test_a_saga_that_the_engine_fails_on_while_it_settles_still_goes_back(before: SagaState, after):
    stuck = decide(before, CannotGoOn("broken"), NOW).after
    assert at_rest(stuck) == (G.STUCK, after)
    assert decide(stuck, Retry(), NOW).after.status is G.COMPENSATING


def test_where_nothing_is_to_be_undone_the_engines_failure_ends_it():
    before = saga("r", status=G.COMPENSATING, defined={0: {"compensation": None}})
    ended = decide(before, CannotGoOn("broken"), NOW).after
    assert (at_rest(ended), ended.steps[0].in_doubt) == ((G.COMPENSATED, "f"), True)
