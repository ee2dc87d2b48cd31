"""Intent before deed, when to wake up, what counts as a new revision, and what a preview foresees."""

from datetime import timedelta

import pytest

from orchestration.core.decisions import begin, decide, decide_and_begin
from orchestration.core.draft import Draft, IllegalMove
from orchestration.core.events import (
    Accepted,
    CannotGoOn,
    Compensate,
    DeadlinePassed,
    InDoubt,
    InProgress,
    Lost,
    NotSent,
    Pause,
    Refused,
    Resume,
    Retry,
    Skip,
    Succeeded,
)
from orchestration.core.foresight import foreseen_calls
from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import Direction, SagaStatus, StepStatus
from tests.core.letters import APPROVAL, BACKOFF, DEADLINE, NOW, TIMER, at_rest, letters, saga

G, S = SagaStatus, StepStatus
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
IN_BACKOFF = {**BACKOFF, "action_attempts": 1, "tries": 1}

# -- begin ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "status", "after"),
    [
        pytest.param(saga("dp"), G.RUNNING, "rp", id="the first call makes a pending saga running"),
        pytest.param(saga("sd"), G.RUNNING, "sr", id="a due step is called"),
        pytest.param(saga("su"), G.COMPENSATING, "sc", id="a due undo is called"),
        pytest.param(saga("dd", stages=[0, 0]), G.RUNNING, "rr", id="a whole stage is called"),
        pytest.param(saga("sd", at={1: IN_BACKOFF}), G.RUNNING, "sd", id="a step in backoff is not due yet"),
        pytest.param(saga("w"), G.RUNNING, "w", id="a waiting step is not polled yet"),
        pytest.param(saga("sr"), G.RUNNING, "sr", id="a call that is out is not made twice"),
        pytest.param(saga("dp", paused=True), G.PENDING, "dp", id="a paused saga begins nothing"),
        pytest.param(saga("df", status=G.STUCK), G.STUCK, "df", id="a stuck saga begins nothing"),
        pytest.param(saga("ud", status=G.ABANDONED), G.ABANDONED, "ud", id="an ended saga begins nothing"),
    ],
)
def test_begin(before, status, after):
    assert at_rest(begin(before, NOW).after) == (status, after)


@pytest.mark.parametrize("letter", "dwu")
def test_a_call_begins_when_its_time_has_come(letter):
    before = saga(letter, at={0: {**BACKOFF, "action_attempts": 1}})
    assert not begin(before, NOW + SECOND / 2).moves
    assert begin(before, NOW + SECOND).moves


def test_begin_counts_the_try():
    first = begin(saga("d"), NOW).after.steps[0]
    assert (first.tries, first.action_attempts, first.compensation_attempts) == (1, 1, 0)
    assert (first.due_at, first.attempt_started_at, first.started_at) == (None, NOW, NOW)
    again = begin(saga("d", at={0: {"action_attempts": 1, "tries": 1, "started_at": NOW}}), NOW + SECOND).after.steps[0]
    assert (again.attempt, again.tries, again.attempt_started_at, again.started_at) == (2, 2, NOW + SECOND, NOW)
    undo = begin(saga("u"), NOW).after.steps[0]
    assert (undo.attempt, undo.tries, undo.action_attempts, undo.direction) == (1, 1, 1, Direction.COMPENSATION)


# -- when a drain must look again ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "wake_at"),
    [
        pytest.param(saga("dp"), NOW, id="due now"),
        pytest.param(saga("d", at={0: IN_BACKOFF}), NOW + SECOND, id="at the next try"),
        pytest.param(saga("w", deadline_at=NOW), NOW, id="at the deadline"),
        pytest.param(saga("rp"), NOW, id="a call that was left out: at once"),
        pytest.param(saga("d", paused=True), DEADLINE, id="paused: only the deadline"),
        pytest.param(saga("u", paused=True), None, id="paused while compensating: never by itself"),
        pytest.param(saga("u", at={0: BACKOFF}, deadline_at=NOW), NOW + SECOND, id="compensating knows no deadline"),
        pytest.param(saga("f"), None, id="stuck: never by itself"),
        pytest.param(saga("s"), None, id="ended: never"),
    ],
)
def test_wake_at(state, wake_at):
    assert state.wake_at(NOW) == wake_at


# -- revision ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "event", "changes"),
    [
        pytest.param(saga("rp"), Succeeded(0), True, id="a step succeeds"),
        pytest.param(saga("r"), Refused(0), True, id="the saga turns back"),
        pytest.param(saga("rp"), InDoubt(0), False, id="a try that is followed by another"),
        pytest.param(saga("rp"), NotSent(0), False, id="running to due"),
        pytest.param(saga("rp"), Lost(0), False, id="a lost call"),
        pytest.param(saga("rp"), Accepted(0), True, id="running to waiting"),
        pytest.param(saga("sc"), InDoubt(1), False, id="an undo that is tried again"),
        pytest.param(saga("sc"), Succeeded(1), True, id="an undo is done"),
        pytest.param(saga("d", at={0: IN_BACKOFF}), Retry(), False, id="retry in backoff"),
        pytest.param(saga("f"), Retry(), True, id="retry of a stuck step"),
        pytest.param(saga("rp"), Pause(), True, id="pause"),
        pytest.param(saga("rp", paused=True), Pause(), False, id="pause twice"),
        pytest.param(saga("rp", paused=True), Resume(), True, id="resume"),
        pytest.param(saga("rp"), Resume(), False, id="resume of what is not paused"),
        pytest.param(saga("sr"), Compensate(), True, id="compensate while a call is out"),
        pytest.param(saga("sc"), Compensate(), False, id="compensate while compensating"),
        pytest.param(saga("s"), Succeeded(0), False, id="an answer to a call not awaited"),
        pytest.param(saga("sc"), DeadlinePassed(), False, id="a deadline while compensating"),
    ],
)
def test_what_makes_a_new_revision(before, event, changes):
    assert decide(before, event, NOW).changes_revision is changes


@pytest.mark.parametrize(("before", "changes"), [("sd", False), ("su", False), ("dp", True)])
def test_a_call_makes_a_new_revision_only_when_it_is_the_sagas_first(before, changes):
    assert begin(saga(before), NOW).changes_revision is changes


def everything(due, _steps):
    return due, None


def test_what_happened_and_the_intents_that_follow_are_one_decision():
    lost, _kept_back = decide_and_begin(saga("srp"), [Lost(1)], NOW, everything)
    assert (str(lost.moves[0]), lost.changes_revision) == ("1:running>due>running", False)
    both, _kept_back = decide_and_begin(saga("srp"), [Succeeded(1)], NOW, everything)
    assert [str(move) for move in both.moves] == ["1:running>succeeded", "2:pending>due>running"]
    assert (letters(both.after), both.changes_revision) == ("ssr", True)


def test_steps_that_are_due_are_kept_back_for_a_reason():
    asked: list[StepState] = []

    def busy(due, steps):
        asked.extend(due)
        assert letters(SagaState(SagaStatus.RUNNING, tuple(steps), NOW)) == "ssd"
        return (), "busy"

    decision, kept_back = decide_and_begin(saga("srp"), [Succeeded(1)], NOW, busy)
    assert (letters(decision.after), kept_back) == ("ssd", "busy")
    assert [step.definition.index for step in asked] == [2]


def test_of_several_steps_that_are_due_those_that_may_begin_do():
    def only_the_second(due, _steps):
        return due[1:], "busy"

    decision, kept_back = decide_and_begin(saga("sddp"), (), NOW, only_the_second)
    assert (letters(decision.after), kept_back) == ("sdrp", "busy")


def test_where_nothing_is_due_nobody_is_asked():
    decision, kept_back = decide_and_begin(saga("r"), [Succeeded(0)], NOW, lambda _due, _steps: ((), "never asked"))
    assert (decision.after.status, kept_back) == (SagaStatus.COMPLETED, None)


def test_only_the_steps_that_changed_are_written():
    changed = decide(saga("ssrp"), Succeeded(2), NOW).changed_steps
    assert [step.definition.index for step in changed] == [2, 3]


# -- moves ---------------------------------------------------------------------------------------------------------


def test_a_rule_that_asks_for_an_illegal_move_is_stopped():
    with pytest.raises(IllegalMove, match="succeeded -> running"):
        Draft(saga("s"), NOW).move(0, S.RUNNING)
    with pytest.raises(IllegalMove, match="completed -> running"):
        Draft(saga("s"), NOW).turn(G.RUNNING)


def test_a_saga_that_is_no_longer_stuck_has_no_reason_left():
    for act in (Retry(), Skip(), Compensate()):
        after = decide(saga("sfp"), act, NOW).after
        assert (after.stuck_code, after.stuck_reason) == ("", "")


def test_the_journal_says_why():
    assert decide(saga("rp"), DeadlinePassed(), NOW).why == "deadline passed"
    assert decide(saga("f"), Retry(), NOW).why == "retry"
    assert decide(saga("r"), CannotGoOn("unrecordable"), NOW).why == "unrecordable"


# -- foreseen calls ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "calls"),
    [
        pytest.param(saga("dpp"), "+1 +2 +3", id="forward, in order"),
        pytest.param(saga("srp"), "+3", id="a call that is out is waited for, not listed"),
        pytest.param(saga("swp"), "+2 +3", id="a waiting step is asked again"),
        pytest.param(saga("ssu"), "-3 -2 -1", id="back, newest first"),
        pytest.param(saga("sscx"), "-2 -1", id="an undo that is out is waited for"),
        pytest.param(saga("ssu", defined={1: {"compensation": None}}), "-3 -1", id="nothing to undo is not called"),
        pytest.param(saga("ssr", status=G.COMPENSATING), "-3 -2 -1", id="a call being settled is undone"),
        pytest.param(saga("sfp"), "", id="a stuck saga calls nobody"),
        pytest.param(saga("sdp", paused=True), "", id="a paused saga calls nobody"),
        pytest.param(saga("ss"), "", id="an ended saga calls nobody"),
        pytest.param(saga("sdp", at={1: IN_BACKOFF}, deadline_at=NOW), "-1", id="past the deadline: only back"),
        pytest.param(saga("srp", deadline_at=NOW), "-2 -1", id="past the deadline with a call out: settled, undone"),
        pytest.param(decide(saga("sfp"), Retry(), NOW).after, "+2 +3", id="after retry"),
        pytest.param(decide(saga("sfp"), Skip(), NOW).after, "+3", id="after skip"),
        pytest.param(decide(saga("sfp"), Compensate(), NOW).after, "-2 -1", id="after compensate"),
        pytest.param(decide(saga("syx"), Skip(), NOW).after, "-1", id="after skip of an undo"),
        pytest.param(decide(saga("sfp", deadline_at=NOW), Retry(), NOW).after, "-2 -1", id="retry past the deadline"),
    ],
)
def test_foreseen_calls(state, calls):
    assert foreseen(state) == calls


def foreseen(state) -> str:
    signs = {Direction.ACTION: "+", Direction.COMPENSATION: "-"}
    return " ".join(f"{signs[direction]}{index + 1}" for index, direction in foreseen_calls(state, NOW))


APPROVED, TIMED = {1: APPROVAL}, {1: {**TIMER, "wait": 2 * DAY}}


@pytest.mark.parametrize(
    ("state", "calls"),
    [
        pytest.param(saga("ddp", stages=[0, 0, 1]), "+1 +2 +3", id="siblings together"),
        pytest.param(saga("srp", stages=[0, 1, 1], status=G.COMPENSATING), "-2 -1", id="siblings that never began"),
        pytest.param(saga("sssu", stages=[0, 1, 1, 2]), "-4 -2 -3 -1", id="back by stages"),
        pytest.param(saga("dpp", defined={1: {"when": "input.gift"}}), "+1 +3", id="a condition that does not hold"),
        pytest.param(saga("dpp", defined={1: {"when": "abs('a')"}}), "+1 -1", id="a condition that fails"),
        pytest.param(saga("dpp", defined=APPROVED), "+1 +3", id="an approval is given"),
        pytest.param(saga("swp", defined=APPROVED), "+3", id="one that waits too"),
        pytest.param(saga("swp", defined=APPROVED, at={1: {"due_at": NOW}}), "-1", id="but not when its time is over"),
        pytest.param(saga("dpp", defined={1: TIMER}), "+1 +3", id="a timer runs its time"),
        pytest.param(saga("dpp", defined=TIMED), "+1 -1", id="a timer that outlasts the deadline"),
        pytest.param(saga("sdp", defined=TIMED, pivot=0), "+3", id="past the pivot the deadline turns nothing"),
        pytest.param(decide(saga("rp"), Accepted(0, askable=False), NOW).after, "+2", id="a callback will come"),
        pytest.param(decide(saga("rp"), Accepted(0), NOW).after, "+1 +2", id="it will be asked"),
        pytest.param(decide(saga("sc"), Accepted(1, askable=False), NOW).after, "-1", id="a callback to an undo"),
        pytest.param(decide(saga("ssr", pivot=1), Refused(2), NOW).after, "", id="stuck past the pivot"),
    ],
)
def test_foreseen_calls_of_what_makes_no_call(state, calls):
    assert foreseen(state) == calls


@pytest.mark.parametrize("event", [Accepted(0, luck=0.0), InProgress(0, luck=0.0)])
def test_a_participant_at_work_is_not_asked_without_a_pause(event):
    [waiting] = decide(saga("r"), event, NOW).after.steps
    assert waiting.due_at == NOW + timedelta(seconds=0.2)


def test_410_ends_the_doubt_so_that_the_undo_can_be_skipped():
    stuck = decide(saga("c", at={0: {"in_doubt": True}}), Refused(0, for_ever=True), NOW).after
    assert decide(stuck, Skip(0), NOW).after.status is SagaStatus.ABANDONED
