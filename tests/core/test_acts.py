"""What operators may do, in every state a saga can be in."""

from datetime import timedelta

import pytest

from orchestration.core.decisions import begin, decide
from orchestration.core.draft import NotAllowed
from orchestration.core.events import (
    Compensate,
    DeadlinePassed,
    InDoubt,
    InProgress,
    Lost,
    Pause,
    Refused,
    Resume,
    Retry,
    Skip,
    Succeeded,
)
from orchestration.core.saga_state import SagaState
from orchestration.core.states import SagaStatus as G
from tests.core.letters import BACKOFF, NOW, TRIES, at_rest, letters, saga

BACKING_OFF = {**BACKOFF, "action_attempts": 2, "tries": 2}
UNDO_BACKING_OFF = {**BACKOFF, "action_attempts": 1, "compensation_attempts": 2, "tries": 2}
NEVER = {"never_undoable": True}
DOUBT = {"in_doubt": True}

NEW = saga("dp")
CALLING = saga("srp")
BACKS_OFF = saga("sdp", at={1: BACKING_OFF})
WAITING = saga("swp")
UNDOING = saga("scx")
UNDO_BACKS_OFF = saga("su", at={1: UNDO_BACKING_OFF})
SETTLING = saga("sr", status=G.COMPENSATING)
STUCK = saga("sfp")
STUCK_IN_DOUBT = saga("sfp", at={1: DOUBT})
STUCK_UNDO = saga("syx")
STUCK_UNDO_IN_DOUBT = saga("syx", at={1: DOUBT})
STUCK_FOR_EVER = saga("syx", at={1: NEVER})
DONE = saga("ss")
UNDONE = saga("xx")
ABANDONED = saga("xk", status=G.ABANDONED)


@pytest.mark.parametrize(
    ("before", "act", "status", "after"),
    [
        pytest.param(STUCK, Retry(), G.RUNNING, "sdp", id="retry of a stuck action goes on"),
        pytest.param(STUCK_IN_DOUBT, Retry(), G.RUNNING, "sdp", id="retry of an action in doubt: same key, safe"),
        pytest.param(STUCK_UNDO, Retry(), G.COMPENSATING, "sux", id="retry of a stuck undo goes on undoing"),
        pytest.param(BACKS_OFF, Retry(), G.RUNNING, "sdp", id="retry in backoff: now"),
        pytest.param(UNDO_BACKS_OFF, Retry(), G.COMPENSATING, "su", id="retry of an undo in backoff: now"),
        pytest.param(NEW, Compensate(), G.COMPENSATED, "kp", id="compensate before anything began"),
        pytest.param(CALLING, Compensate(), G.COMPENSATING, "srp", id="compensate settles the call that is out"),
        pytest.param(BACKS_OFF, Compensate(), G.COMPENSATING, "ufp", id="compensate in backoff, never sent: spared"),
        pytest.param(WAITING, Compensate(), G.COMPENSATING, "sup", id="compensate undoes a waiting step at once"),
        pytest.param(UNDOING, Compensate(), G.COMPENSATING, "scx", id="compensate while compensating changes nothing"),
        pytest.param(SETTLING, Compensate(), G.COMPENSATING, "sr", id="compensate while settling changes nothing"),
        pytest.param(STUCK, Compensate(), G.COMPENSATING, "sup", id="compensate of a stuck action"),
        pytest.param(STUCK_IN_DOUBT, Compensate(), G.COMPENSATING, "sup", id="compensate of an action in doubt"),
        pytest.param(STUCK_UNDO, Compensate(), G.COMPENSATING, "sux", id="compensate of a stuck undo tries again"),
        pytest.param(STUCK, Skip(), G.RUNNING, "skd", id="skip of an action goes on"),
        pytest.param(saga("sf"), Skip(), G.COMPLETED, "sk", id="skip of the last action completes"),
        pytest.param(STUCK_UNDO, Skip(), G.COMPENSATING, "ukx", id="skip of an undo: the rest is undone"),
        pytest.param(STUCK_FOR_EVER, Skip(), G.COMPENSATING, "ukx", id="what can never be undone can be skipped"),
        pytest.param(saga("y"), Skip(), G.ABANDONED, "k", id="skip of the last undo abandons"),
        pytest.param(STUCK, Skip(1), G.RUNNING, "skd", id="the step may be named"),
    ],
)
def test_an_act_that_fits(before, act, status, after):
    assert at_rest(decide(before, act, NOW).after) == (status, after)


CALL_OUT = "a call is out"
NO_WAIT = "no step waits"
NEVER_UNDONE = "can never be undone"
NOT_STUCK = "only a step that the saga is stuck on"
NOT_THAT = "not one that this act fits"


@pytest.mark.parametrize(
    ("before", "act", "why_not"),
    [
        pytest.param(NEW, Retry(), NO_WAIT, id="retry before the first try"),
        pytest.param(CALLING, Retry(), CALL_OUT, id="retry while a call is out"),
        pytest.param(SETTLING, Retry(), CALL_OUT, id="retry while a call is settled"),
        pytest.param(UNDOING, Retry(), CALL_OUT, id="retry while an undo is out"),
        pytest.param(WAITING, Retry(), NO_WAIT, id="retry of a waiting step"),
        pytest.param(STUCK_FOR_EVER, Retry(), NEVER_UNDONE, id="retry of what can never be undone"),
        pytest.param(STUCK_FOR_EVER, Compensate(), NEVER_UNDONE, id="compensate what can never be undone"),
        pytest.param(STUCK, Retry(0), NOT_THAT, id="retry of another step than the failed one"),
        pytest.param(BACKS_OFF, Retry(0), NOT_THAT, id="retry of another step than the one in backoff"),
        pytest.param(STUCK, Skip(2), NOT_THAT, id="skip of another step than the failed one"),
        pytest.param(NEW, Skip(), NOT_STUCK, id="skip before the first try"),
        pytest.param(CALLING, Skip(), NOT_STUCK, id="skip while a call is out"),
        pytest.param(BACKS_OFF, Skip(), NOT_STUCK, id="skip in backoff"),
        pytest.param(UNDOING, Skip(), NOT_STUCK, id="skip while compensating"),
        pytest.param(STUCK_IN_DOUBT, Skip(), "in doubt", id="skip of an action in doubt"),
        pytest.param(STUCK_UNDO_IN_DOUBT, Skip(), "in doubt", id="skip of an undo in doubt"),
    ],
)
def test_an_act_that_does_not_fit(before, act, why_not):
    with pytest.raises(NotAllowed, match=why_not):
        decide(before, act, NOW)


@pytest.mark.parametrize("ended", [DONE, UNDONE, ABANDONED], ids=lambda state: state.status)
@pytest.mark.parametrize("act", [Retry(), Compensate(), Skip(), Pause(), Resume()], ids=lambda act: type(act).__name__)
def test_an_ended_saga_takes_no_act(ended, act):
    with pytest.raises(NotAllowed, match=f"has ended: {ended.status}"):
        decide(ended, act, NOW)


def test_of_two_failed_siblings_one_must_be_named():
    both = saga("ff", stages=[0, 0])
    with pytest.raises(NotAllowed, match="name one of step-1, step-2"):
        decide(both, Retry(), NOW)
    assert at_rest(decide(both, Retry(1), NOW).after) == (G.RUNNING, "fd")


def test_compensate_tries_every_stuck_undo_again():
    assert at_rest(decide(saga("syy", stages=[0, 1, 1]), Compensate(), NOW).after) == (G.COMPENSATING, "suu")


# -- retry ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [STUCK, STUCK_UNDO, BACKS_OFF, UNDO_BACKS_OFF])
def test_retry_gives_a_fresh_budget_now_and_attempt_numbers_go_on(before):
    old, new = before.steps[1], decide(before, Retry(), NOW).after.steps[1]
    assert (new.tries, new.losses, new.stale_answers, new.due_at) == (0, 0, 0, NOW)
    assert (new.action_attempts, new.compensation_attempts) == (old.action_attempts, old.compensation_attempts)


def test_a_second_retry_in_backoff_finds_nothing_to_do():
    retried = decide(BACKS_OFF, Retry(), NOW).after
    with pytest.raises(NotAllowed, match=NO_WAIT):
        decide(retried, Retry(), NOW + timedelta(seconds=1))


def test_a_second_retry_of_a_stuck_saga_finds_nothing_to_do():
    with pytest.raises(NotAllowed, match=NO_WAIT):
        decide(decide(STUCK, Retry(), NOW).after, Retry(), NOW + timedelta(seconds=1))


def test_retry_cuts_short_a_long_wait_that_used_no_try():
    asked = decide(saga("r"), InProgress(0, retry_after=timedelta(hours=1)), NOW).after
    assert decide(asked, Retry(), NOW).after.steps[0].due_at == NOW


def test_a_retried_step_that_fails_again_has_its_full_budget():
    state, tries = begin(decide(saga("f"), Retry(), NOW).after, NOW).after, 1
    while letters(state) == "r":
        state = decide(state, InDoubt(0, luck=0.0), NOW).after
        if letters(state) == "d":
            state, tries = begin(state, NOW).after, tries + 1
    assert (tries, state.steps[0].action_attempts) == (TRIES, 2 * TRIES)


# -- skip and the ends ---------------------------------------------------------------------------------------------


def test_skip_of_an_undo_keeps_its_effect_in_sight_and_ends_abandoned():
    state = decide(STUCK_UNDO, Skip(), NOW).after
    assert state.steps[1].effect_stands
    state = decide(begin(state, NOW).after, Succeeded(0), NOW).after
    assert at_rest(state) == (G.ABANDONED, "xkx")


def test_a_skipped_action_is_not_undone_when_a_later_step_fails():
    state = begin(decide(STUCK, Skip(), NOW).after, NOW).after
    state = decide(state, Refused(2), NOW).after
    assert letters(state) == "sku"
    state = decide(begin(state, NOW).after, Succeeded(2), NOW).after
    state = decide(begin(state, NOW).after, Succeeded(0), NOW).after
    assert at_rest(state) == (G.COMPENSATED, "xkx")


# -- compensate while a call is out --------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "after"), [(Succeeded(1), "sup"), (Refused(1), "sup"), (Lost(1), "sup")])
def test_compensate_while_a_call_is_out_settles_it_and_undoes_it(answer, after):
    turned = decide(CALLING, Compensate(), NOW).after
    assert begin(turned, NOW).moves == ()
    assert at_rest(decide(turned, answer, NOW).after) == (G.COMPENSATING, after)


# -- pause and resume ----------------------------------------------------------------------------------------------

LIVE = [NEW, CALLING, BACKS_OFF, WAITING, UNDOING, UNDO_BACKS_OFF, SETTLING, STUCK, STUCK_UNDO]


@pytest.mark.parametrize("before", LIVE, ids=at_rest)
def test_pause_and_resume_touch_nothing_but_the_flag(before):
    paused = decide(before, Pause(), NOW).after
    assert (paused.paused, at_rest(paused)) == (True, at_rest(before))
    assert decide(paused, Resume(), NOW).after == before


@pytest.mark.parametrize("before", LIVE, ids=at_rest)
def test_a_paused_saga_begins_no_call(before: SagaState):
    later = NOW + timedelta(days=1)
    assert begin(decide(before, Pause(), NOW).after, later).moves == ()


@pytest.mark.parametrize("before", [NEW, BACKS_OFF, WAITING, UNDO_BACKS_OFF], ids=at_rest)
def test_a_resumed_saga_begins_its_calls(before: SagaState):
    resumed = decide(decide(before, Pause(), NOW).after, Resume(), NOW).after
    assert len(begin(resumed, NOW + timedelta(hours=1)).after.calls_out()) == 1


def test_what_ends_while_paused_is_recorded_in_full():
    paused = decide(CALLING, Pause(), NOW).after
    assert at_rest(decide(paused, Succeeded(1), NOW).after) == (G.RUNNING, "ssd")
    assert at_rest(decide(paused, Refused(1), NOW).after) == (G.COMPENSATING, "sup")


@pytest.mark.parametrize(
    ("before", "act", "after"),
    [
        pytest.param(STUCK, Retry(), "sdp", id="retry"),
        pytest.param(STUCK, Skip(), "skd", id="skip"),
        pytest.param(CALLING, Compensate(), "srp", id="compensate"),
        pytest.param(BACKS_OFF, Retry(), "sdp", id="retry in backoff"),
    ],
)
def test_acts_on_a_paused_saga_take_effect_at_resume(before, act, after):
    acted = decide(decide(before, Pause(), NOW).after, act, NOW).after
    assert (acted.paused, letters(acted), begin(acted, NOW).moves) == (True, after, ())


# -- deadline ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "status", "after"),
    [
        pytest.param(NEW, G.COMPENSATED, "kp", id="before anything began: nothing to undo"),
        pytest.param(CALLING, G.COMPENSATING, "srp", id="in a step: it is settled first"),
        pytest.param(
            saga("sdp", at={1: {**BACKING_OFF, "sent": True, "refused_only": False}}), G.COMPENSATING, "sup",
            id="in backoff: undone",
        ),
        pytest.param(BACKS_OFF, G.COMPENSATING, "ufp", id="in backoff, never sent: spared"),
        pytest.param(WAITING, G.COMPENSATING, "sup", id="waiting for an answer: undone at once"),
        pytest.param(saga("sdp"), G.COMPENSATING, "ukp", id="between two steps"),
        pytest.param(UNDOING, G.COMPENSATING, "scx", id="during compensation: ignored"),
        pytest.param(SETTLING, G.COMPENSATING, "sr", id="while settling: ignored"),
        pytest.param(STUCK, G.STUCK, "sfp", id="stuck: a human decides"),
        pytest.param(STUCK_UNDO, G.STUCK, "syx", id="stuck on an undo: a human decides"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("paused", [False, True], ids=["", "paused"])
def test_the_deadline(before: SagaState, status, after, paused):
    if paused:
        before = decide(before, Pause(), NOW).after
    decision = decide(before, DeadlinePassed(), NOW)
    assert at_rest(decision.after) == (status, after)
    assert decision.why == ("deadline passed" if decision.moves or before.status is not status else "")


def test_a_deadline_while_paused_undoes_nothing_before_resume():
    paused = decide(WAITING, Pause(), NOW).after
    turned = decide(paused, DeadlinePassed(), NOW).after
    assert (turned.status, begin(turned, NOW).moves) == (G.COMPENSATING, ())
    resumed = decide(turned, Resume(), NOW).after
    assert letters(begin(resumed, NOW).after) == "scp"


def test_past_the_deadline_no_try_begins_whether_or_not_anybody_says_so():
    late = begin(saga("sdp", deadline_at=NOW), NOW)
    assert (at_rest(late.after), late.why, late.after.overdue) == ((G.COMPENSATING, "ckp"), "deadline passed", True)


def test_a_deadline_during_compensation_is_told_and_wakes_nobody():
    before = saga("su", at={1: BACKOFF}, deadline_at=NOW)
    assert before.wake_at(NOW) == NOW + timedelta(seconds=1)
    assert decide(before, DeadlinePassed(), NOW).after == before._replace(overdue=True)


def test_the_answer_that_comes_before_the_deadline_wins():
    done = decide(saga("r"), Succeeded(0), NOW).after
    assert decide(done, DeadlinePassed(), NOW).after == done
    late = decide(saga("r"), DeadlinePassed(), NOW).after
    assert at_rest(decide(late, Succeeded(0), NOW).after) == (G.COMPENSATING, "u")
