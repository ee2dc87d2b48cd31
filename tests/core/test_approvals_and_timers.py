"""What waits without a call: approvals and timers."""

from datetime import timedelta

import pytest

from orchestration.core.decisions import begin, decide
from orchestration.core.draft import NotAllowed
from orchestration.core.events import (
    Approve,
    Compensate,
    DeadlinePassed,
    Pause,
    Refused,
    Resume,
    Succeeded,
)
from orchestration.core.states import SagaStatus as G
from tests.core.letters import APPROVAL, NOW, TIMER, at_rest, letters, saga

SECOND = timedelta(seconds=1)
MINUTE = timedelta(seconds=60)

ASKED = saga("swp", defined={1: APPROVAL})


def test_an_approval_waits_for_a_person_without_an_attempt():
    asked = begin(saga("sdp", defined={1: APPROVAL}), NOW)
    step = asked.after.steps[1]
    assert [str(move) for move in asked.moves] == ["1:due>waiting"]
    assert (step.action_attempts, step.due_at, asked.after.wake_at(NOW)) == (0, NOW + MINUTE, NOW + MINUTE)


def test_a_saga_that_begins_with_an_approval_runs():
    assert at_rest(begin(saga("dp", defined={0: APPROVAL}), NOW).after) == (G.RUNNING, "wp")


@pytest.mark.parametrize(
    ("before", "act", "status", "after"),
    [
        pytest.param(ASKED, Approve(), G.RUNNING, "ssd", id="approved"),
        pytest.param(ASKED, Approve(1), G.RUNNING, "ssd", id="the step may be named"),
        pytest.param(ASKED, Approve(approved=False), G.COMPENSATING, "ufp", id="rejected: refused"),
        pytest.param(saga("w", defined={0: APPROVAL}), Approve(), G.COMPLETED, "s", id="the last step"),
        pytest.param(saga("ssw", pivot=1, defined={2: APPROVAL}), Approve(approved=False), G.STUCK, "ssf", id="pivot"),
        pytest.param(saga("wf", stages=[0, 0], defined={0: APPROVAL}), Approve(), G.STUCK, "sf", id="in a stuck saga"),
    ],
)
def test_a_person_decides(before, act, status, after):
    assert at_rest(decide(before, act, NOW).after) == (status, after)


def test_an_approvals_output_can_be_read_by_later_steps_and_a_rejection_is_its_error():
    approved = decide(ASKED, Approve(output={"limit": 5}), NOW)
    assert (approved.after.outputs, approved.new_outputs) == ({"step-2": {"limit": 5}}, {1: {"limit": 5}})
    assert decide(ASKED, Approve(approved=False), NOW).errors == {1: {"message": "rejected", "code": "rejected"}}


def test_an_approval_that_nobody_gives_in_time_is_refused():
    late = begin(ASKED, NOW + MINUTE)
    assert at_rest(late.after) == (G.COMPENSATING, "cfp")
    assert late.errors == {1: {"message": "nobody has decided in time", "code": "approval_timeout"}}


@pytest.mark.parametrize(
    ("before", "act", "at", "why_not"),
    [
        pytest.param(ASKED, Approve(), NOW + MINUTE, "the time to decide is over", id="too late"),
        pytest.param(ASKED, Approve(0), NOW, "not one that this act fits", id="another step"),
        pytest.param(saga("wp"), Approve(), NOW, "no step waits for an approval", id="a call that waits"),
        pytest.param(saga("sp"), Approve(), NOW, "no step waits for an approval", id="nothing waits"),
        pytest.param(decide(ASKED, Compensate(), NOW).after, Approve(), NOW, "no step waits", id="turned back"),
        pytest.param(saga("ww", stages=[0, 0], defined={0: APPROVAL, 1: APPROVAL}), Approve(), NOW, "name one", id="2"),
    ],
)
def test_an_approval_that_does_not_fit(before, act, at, why_not):
    with pytest.raises(NotAllowed, match=why_not):
        decide(before, act, at)


def test_while_paused_a_decision_is_kept_and_takes_effect_at_resume():
    paused = decide(decide(ASKED, Pause(), NOW).after, Approve(), NOW).after
    assert (letters(paused), begin(paused, NOW).moves) == ("ssd", ())
    assert letters(begin(decide(paused, Resume(), NOW).after, NOW).after) == "ssr"


# -- timers --------------------------------------------------------------------------------------------------------


def test_a_timer_runs_its_time_and_then_the_saga_goes_on():
    started = begin(saga("sdp", defined={1: TIMER}), NOW).after
    assert (letters(started), started.wake_at(NOW)) == ("swp", NOW + MINUTE)
    assert begin(started, NOW + MINUTE - SECOND).moves == ()
    over = begin(started, NOW + MINUTE)
    assert [str(move) for move in over.moves] == ["1:waiting>succeeded", "2:pending>due>running"]


def test_the_last_timer_completes_the_saga():
    assert at_rest(begin(saga("sw", defined={1: TIMER}), NOW + MINUTE).after) == (G.COMPLETED, "ss")


@pytest.mark.parametrize("kind", [APPROVAL, TIMER])
def test_an_approval_or_timer_is_never_undone(kind):
    state = decide(saga("swp", defined={1: kind}), DeadlinePassed(), NOW).after
    assert at_rest(state) == (G.COMPENSATING, "ukp")
    assert letters(decide(saga("ssr", defined={1: kind}), Refused(2), NOW).after) == "ssu"
    assert at_rest(decide(saga("ssc", defined={1: kind}), Succeeded(2), NOW).after) == (G.COMPENSATING, "usx")


def test_a_timer_that_ends_while_paused_moves_nothing_before_resume():
    paused = decide(saga("swp", defined={1: TIMER}), Pause(), NOW).after
    assert begin(paused, NOW + MINUTE).moves == ()
    assert letters(begin(decide(paused, Resume(), NOW).after, NOW + MINUTE).after) == "ssr"
