"""Answers that come later: 202 and polls, callbacks, and the end of every wait."""

from datetime import timedelta
from typing import Any

import pytest

from orchestration.core.decisions import begin, decide
from orchestration.core.events import (
    Accepted,
    CalledBack,
    Compensate,
    DeadlinePassed,
    InDoubt,
    InProgress,
    Lost,
    NotSent,
    Refused,
    Retry,
    Succeeded,
    TryLater,
    Undone,
)
from orchestration.core.saga_state import Stuck
from orchestration.core.states import Direction
from orchestration.core.states import SagaStatus as G
from tests.core.letters import APPROVAL, BACKOFF, DEADLINE, NOW, TRIES, UNDO_TRIES, at_rest, letters, saga

SECOND = timedelta(seconds=1)
MINUTE = timedelta(seconds=60)
WITHIN: dict[str, Any] = {"answer_within": MINUTE, "longest_wait": MINUTE}
ACTION, COMPENSATION = Direction.ACTION, Direction.COMPENSATION
TRIED = {**BACKOFF, "action_attempts": 1, "tries": 1, "sent": True, "refused_only": False}
UNDO_TRIED = {**BACKOFF, "action_attempts": 1, "compensation_attempts": 1, "tries": 1}
LAST_TRY = {"tries": TRIES, "action_attempts": TRIES}

# -- 202 -----------------------------------------------------------------------------------------------------------


def accepted(event: Accepted, definition: dict[str, Any] | None = None, **fields: Any):
    return decide(saga("r", defined={0: definition or {}}, **fields), event, NOW).after


@pytest.mark.parametrize(
    ("event", "definition", "due_at", "answer_by"),
    [
        pytest.param(Accepted(0, luck=0.5), {}, NOW + SECOND / 2, DEADLINE, id="asked after a backoff"),
        pytest.param(
            Accepted(0, retry_after=9 * SECOND), WITHIN, NOW + 9 * SECOND, NOW + MINUTE, id="asked after Retry-After"
        ),
        pytest.param(
            Accepted(0, retry_after=90 * SECOND), WITHIN, NOW + MINUTE, NOW + MINUTE, id="not past its time"
        ),
        pytest.param(
            Accepted(0, askable=False), WITHIN, NOW + MINUTE, NOW + MINUTE, id="never asked: only its time counts"
        ),
        pytest.param(Accepted(0, askable=False), {}, DEADLINE, DEADLINE, id="or the deadline"),
    ],
)  # fmt: skip
def test_an_accepted_call_waits_and_never_for_ever(event, definition, due_at, answer_by):
    [step] = accepted(event, definition).steps
    assert (step.due_at, step.answer_by, step.tries, step.in_doubt) == (due_at, answer_by, 0, False)


def test_polls_use_no_try_and_do_not_move_the_end_of_the_wait():
    state = accepted(Accepted(0, luck=0.0), WITHIN)
    for second in range(1, 50):
        state = begin(state, NOW + second * SECOND).after
        assert letters(state) == "r"
        state = decide(state, InProgress(0, luck=0.0), NOW + second * SECOND).after
        assert (letters(state), state.steps[0].tries) == ("w", 0)
    assert (state.steps[0].answer_by, state.steps[0].in_doubt) == (NOW + MINUTE, False)


def test_polls_grow_apart_as_far_as_the_longest_wait_between_tries():
    state, now, waits = accepted(Accepted(0)), NOW, []
    for _poll in range(9):
        due_at = state.steps[0].due_at
        waits.append((due_at - now).total_seconds())
        now = due_at
        state = decide(begin(state, now).after, InProgress(0), now).after
    assert waits == sorted(waits)
    assert waits[-1] == waits[-2] == state.steps[0].policy.max.total_seconds()


def test_polls_make_no_new_revision():
    waits = accepted(Accepted(0, luck=0.0), WITHIN)
    asked = begin(waits, NOW + SECOND)
    told = decide(asked.after, InProgress(0, luck=0.0), NOW + SECOND)
    assert [str(move) for move in (*asked.moves, *told.moves)] == ["0:waiting>running", "0:running>waiting"]
    assert (asked.changes_revision, told.changes_revision) == (False, False)
    assert decide(asked.after, Succeeded(0), NOW + SECOND).changes_revision


def test_an_accepted_call_that_is_not_answered_in_time_is_in_doubt_and_tried_again():
    state = accepted(Accepted(0, askable=False), WITHIN)
    assert begin(state, NOW + MINUTE - SECOND).moves == ()
    again = begin(state, NOW + MINUTE)
    assert [str(move) for move in again.moves] == ["0:waiting>due>running"]
    [step] = again.after.steps
    assert (step.in_doubt, step.tries, step.may_have_effect, step.answer_by) == (True, 2, True, None)
    assert again.errors == {0: {"message": "accepted, but not answered in time", "code": "no_answer"}}


def test_when_its_tries_are_spent_the_saga_goes_back():
    waits = decide(saga("sr", at={1: LAST_TRY}, defined={1: WITHIN}), Accepted(1, askable=False), NOW).after
    assert at_rest(begin(waits, NOW + MINUTE).after) == (G.COMPENSATING, "sc")


@pytest.mark.parametrize("event", [InDoubt(0), TryLater(0), NotSent(0), Lost(0)])
def test_a_poll_that_fails_leaves_the_accepted_call_in_doubt(event):
    polled = begin(accepted(Accepted(0, luck=0.0)), NOW + SECOND).after
    assert decide(polled, event, NOW + SECOND).after.steps[0].in_doubt


@pytest.mark.parametrize("event", [Compensate(), DeadlinePassed()])
def test_turning_back_gives_up_the_wait(event):
    step = decide(accepted(Accepted(0)), event, NOW).after.steps[0]
    assert (step.status, step.in_doubt, step.answer_by) == ("compensation_due", True, None)


def test_past_its_deadline_an_accepted_call_waits_for_another_length_of_it():
    late = saga("sr", pivot=0, deadline_at=NOW, overdue=True, defined={1: {"longest_wait": MINUTE}})
    assert decide(late, Accepted(1, askable=False), NOW).after.steps[1].answer_by == NOW + MINUTE


# -- 202 to an undo ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("askable", [True, False])
def test_an_undo_that_is_accepted_waits_its_time_then_is_in_doubt(askable):
    before = saga("sc", defined={1: {"longest_wait": MINUTE}})
    waits = decide(before, Accepted(1, retry_after=9 * SECOND, askable=askable), NOW).after
    step = waits.steps[1]
    assert at_rest(waits) == (G.COMPENSATING, "su")
    assert (step.due_at, step.answer_by) == (NOW + (9 * SECOND if askable else MINUTE), NOW + MINUTE)
    again = begin(waits, NOW + MINUTE).after.steps[1]
    assert (again.status, again.in_doubt, again.tries) == ("compensating", True, 2)


def test_an_undo_that_is_never_answered_is_stuck():
    before = saga("c", at={0: {"tries": UNDO_TRIES}}, defined={0: WITHIN})
    waits = decide(before, Accepted(0, askable=False), NOW).after
    stuck = begin(waits, NOW + MINUTE).after
    assert (at_rest(stuck), stuck.stuck_code) == ((G.STUCK, "y"), Stuck.COMPENSATION_EXHAUSTED)
    assert stuck.steps[0].in_doubt


def test_retry_of_an_accepted_undo_asks_now_and_is_in_doubt():
    waits = decide(saga("c"), Accepted(0, askable=False), NOW).after
    step = decide(waits, Retry(), NOW).after.steps[0]
    assert (step.due_at, step.answer_by, step.in_doubt) == (NOW, None, True)


# -- callbacks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "direction", "answer", "status", "after"),
    [
        pytest.param(saga("rp"), ACTION, Succeeded(0), G.RUNNING, "sd", id="before the 202 was recorded"),
        pytest.param(saga("wp"), ACTION, Succeeded(0), G.RUNNING, "sd", id="while it waits"),
        pytest.param(saga("sdp", at={1: TRIED}), ACTION, Succeeded(1), G.RUNNING, "ssd", id="between tries"),
        pytest.param(saga("wp"), ACTION, Refused(0), G.COMPENSATING, "up", id="refused while it waits"),
        pytest.param(saga("dp", at={0: TRIED}), ACTION, Refused(0), G.COMPENSATING, "up", id="refused between tries"),
        pytest.param(
            saga("rp", status=G.COMPENSATING), ACTION, Succeeded(0), G.COMPENSATING, "up", id="while it is settled"
        ),
        pytest.param(saga("sc"), COMPENSATION, Succeeded(1), G.COMPENSATING, "ux", id="an undo that is out"),
        pytest.param(
            saga("su", at={1: UNDO_TRIED}), COMPENSATION, Succeeded(1), G.COMPENSATING, "ux", id="an accepted undo"
        ),
        pytest.param(saga("su", at={1: UNDO_TRIED}), COMPENSATION, Refused(1), G.STUCK, "sy", id="an undo refused"),
        pytest.param(
            saga("wf", stages=[0, 0]), ACTION, Succeeded(0), G.STUCK, "sf", id="a sibling of a stuck step succeeds"
        ),
        pytest.param(saga("wf", stages=[0, 0]), ACTION, Refused(0), G.STUCK, "ff", id="a sibling is refused"),
        pytest.param(saga("wp", paused=True), ACTION, Succeeded(0), G.RUNNING, "sd", id="while paused"),
    ],
)
def test_a_callback_that_is_waited_for(before, direction, answer, status, after):
    decision = decide(before, CalledBack(answer.step, direction, answer), NOW)
    assert at_rest(decision.after) == (status, after)
    assert decision.moves


@pytest.mark.parametrize(
    ("before", "direction"),
    [
        pytest.param(saga("sp"), ACTION, id="a duplicate"),
        pytest.param(saga("dp"), ACTION, id="before the first try"),
        pytest.param(saga("up"), ACTION, id="the saga has turned back"),
        pytest.param(saga("cp"), ACTION, id="the undo is out"),
        pytest.param(saga("xp"), ACTION, id="it is undone"),
        pytest.param(saga("fp"), ACTION, id="it has failed: too late"),
        pytest.param(saga("kp"), ACTION, id="it was skipped"),
        pytest.param(saga("rp"), COMPENSATION, id="an undo that nobody asked for"),
        pytest.param(saga("up"), COMPENSATION, id="an undo not tried yet"),
        pytest.param(saga("xp"), COMPENSATION, id="an undo done before"),
        pytest.param(saga("yp"), COMPENSATION, id="an undo that has failed: too late"),
        pytest.param(saga("rp", status=G.ABANDONED), ACTION, id="the saga has ended"),
        pytest.param(saga("wp", defined={0: APPROVAL}), ACTION, id="an approval is no participant's"),
    ],
)
@pytest.mark.parametrize("answer", [Succeeded(0, {"ref": 1}), Refused(0)])
def test_a_callback_that_nobody_waits_for_moves_nothing(before, direction, answer):
    decision = decide(before, CalledBack(0, direction, answer), NOW)
    assert (decision.after, decision.moves, decision.changes_revision) == (before, (), False)


@pytest.mark.parametrize("answer", [Accepted(0), Succeeded(0), Refused(0), InDoubt(0), Undone(0)])
def test_after_a_callback_the_calls_own_answer_changes_nothing(answer):
    called_back = decide(saga("rp"), CalledBack(0, ACTION, Succeeded(0, {"ref": 7})), NOW).after
    assert decide(called_back, answer, NOW).after == called_back
    assert called_back.outputs == {"step-1": {"ref": 7}}


def test_a_callback_clears_the_error_of_an_earlier_try():
    assert decide(saga("wp"), CalledBack(0, ACTION, Succeeded(0)), NOW).errors == {0: None}


def test_a_waiting_step_that_was_undone_is_not_due_any_more_though_it_was_to_be_asked_about():
    waiting = saga("sw", at={1: {"sent": True, "due_at": NOW}})
    undone = decide(waiting, CalledBack(1, Direction.ACTION, Undone(1)), NOW).after
    assert (at_rest(undone), undone.steps[1].due_at) == ((G.COMPENSATING, "ux"), None)
    assert begin(undone, NOW).after.calls_out()
