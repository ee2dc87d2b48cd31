"""Forward: one step after another, retried as its definition says."""

from datetime import timedelta

import pytest

from orchestration.core.decisions import begin, decide
from orchestration.core.definitions import RetryPolicy
from orchestration.core.events import (
    Accepted,
    InDoubt,
    InProgress,
    Lost,
    NotSent,
    Refused,
    RetriableEvent,
    StaleEpoch,
    Succeeded,
    TryLater,
    Undone,
)
from orchestration.core.saga_state import SagaState, Stuck
from orchestration.core.states import SagaStatus as G
from tests.core.letters import NOW, TRIES, at_rest, letters, saga, stepped

SPENT = {"tries": TRIES, "action_attempts": TRIES}
HOLD = {"hold_when_exhausted": True}
RETRIABLE = [InDoubt, TryLater, NotSent]


@pytest.mark.parametrize(
    ("before", "event", "status", "after"),
    [
        pytest.param(saga("rpp"), Succeeded(0), G.RUNNING, "sdp", id="success starts the next"),
        pytest.param(saga("ssr"), Succeeded(2), G.COMPLETED, "sss", id="the last success completes"),
        pytest.param(saga("r"), Succeeded(0), G.COMPLETED, "s", id="a single step completes"),
        pytest.param(saga("skr"), Succeeded(2), G.COMPLETED, "sks", id="a skipped step is in nobody's way"),
        pytest.param(
            saga("rrp", stages=[0, 0, 1]), Succeeded(0), G.RUNNING, "srp", id="a running sibling is waited for"
        ),
        pytest.param(saga("rd", stages=[0, 0]), Succeeded(0), G.RUNNING, "sd", id="never completed past a due sibling"),
        pytest.param(
            saga("rp", stages=[0, 0]), Succeeded(0), G.RUNNING, "sd", id="never completed past a pending sibling"
        ),
        pytest.param(
            saga("srpp", stages=[0, 0, 1, 1]), Succeeded(1), G.RUNNING, "ssdd", id="a whole stage starts together"
        ),
        pytest.param(saga("rp"), Accepted(0), G.RUNNING, "wp", id="accepted: the answer comes later"),
        pytest.param(saga("rp"), InDoubt(0), G.RUNNING, "dp", id="in doubt: asked again"),
        pytest.param(saga("rp"), TryLater(0), G.RUNNING, "dp", id="try later: tried later"),
        pytest.param(saga("rp"), NotSent(0), G.RUNNING, "dp", id="not sent: tried again"),
        pytest.param(saga("rp"), InProgress(0), G.RUNNING, "dp", id="in progress: asked again"),
        pytest.param(saga("rp"), Lost(0), G.RUNNING, "dp", id="lost with its worker: tried again"),
        pytest.param(saga("rp"), StaleEpoch(0), G.RUNNING, "dp", id="a stale epoch decides nothing"),
    ],
)
def test_what_an_answer_leads_to(before, event, status, after):
    assert at_rest(decide(before, event, NOW).after) == (status, after)


def test_the_next_step_is_due_at_once():
    assert decide(saga("rp"), Succeeded(0), NOW).after.steps[1].due_at == NOW


@pytest.mark.parametrize("event", RETRIABLE)
def test_tries_are_bounded_and_then_the_saga_goes_back(event):
    before = saga("srp", at={1: {**SPENT, "sent": True, "refused_only": False}})
    assert at_rest(decide(before, event(1), NOW).after) == (G.COMPENSATING, "sup")


@pytest.mark.parametrize("event", RETRIABLE)
def test_spent_tries_hold_the_saga_where_the_definition_says_so(event):
    after = decide(saga("srp", at={1: SPENT}, defined={1: HOLD}), event(1), NOW).after
    assert (at_rest(after), after.stuck_code) == ((G.STUCK, "sfp"), Stuck.HELD)
    assert "step-2" in after.stuck_reason


def test_a_refusal_is_not_retried_and_not_held():
    after = decide(saga("srp", defined={1: HOLD}), Refused(1), NOW).after
    assert at_rest(after) == (G.COMPENSATING, "sup")


@pytest.mark.parametrize("event", [InProgress, Accepted, Lost, StaleEpoch])
def test_an_answer_that_is_not_the_steps_fault_uses_no_retry(event):
    after = decide(saga("rp", at={0: SPENT}), event(0), NOW).after
    assert (letters(after)[0] in "dw", after.steps[0].tries) == (True, TRIES - 1)


def test_asking_never_ends_while_the_participant_says_in_progress():
    state = saga("rp", at={0: SPENT})
    for turn in range(50):
        asked_at = NOW + turn * timedelta(seconds=1)
        waiting = decide(state, InProgress(0, luck=0.0), asked_at).after
        state = begin(waiting, asked_at + timedelta(seconds=1)).after
    assert at_rest(state) == (G.RUNNING, "rp")


def test_a_step_that_answered_later_is_polled():
    waiting = decide(saga("r"), Accepted(0, retry_after=timedelta(seconds=7)), NOW).after
    assert waiting.steps[0].due_at == NOW + timedelta(seconds=7)
    polled = begin(waiting, NOW + timedelta(seconds=7)).after
    assert letters(polled) == "r"
    assert at_rest(decide(polled, Succeeded(0), NOW).after) == (G.COMPLETED, "s")


def test_three_solo_losses_after_two_in_company_are_stuck():
    state = saga("rp")
    for losses, alone in ((1, False), (2, True), (3, True), (4, True)):
        state = decide(state, Lost(0), NOW).after
        step = state.steps[0]
        assert (letters(state), step.losses, step.is_suspect, step.must_be_alone) == ("dp", losses, True, alone)
        state = begin(state, NOW).after
    after = decide(state, Lost(0), NOW).after
    assert (at_rest(after), after.stuck_code) == ((G.STUCK, "fp"), Stuck.WORKER_DIED)
    assert after.steps[0].in_doubt


def test_a_call_given_up_by_a_stopping_worker_blames_nobody():
    step = decide(saga("r"), Lost(0, blamed=False), NOW).after.steps[0]
    assert (step.losses, step.is_suspect, step.in_doubt, step.due_at) == (0, False, True, NOW)


@pytest.mark.parametrize("event", [*RETRIABLE, InProgress, Accepted])
def test_an_answer_of_any_kind_shows_that_the_worker_survived(event):
    assert decide(saga("r", at={0: {"losses": 2}}), event(0), NOW).after.steps[0].losses == 0


def test_a_second_stale_epoch_is_stuck():
    once = begin(decide(saga("rp"), StaleEpoch(0), NOW).after, NOW).after
    after = decide(once, StaleEpoch(0), NOW).after
    assert (at_rest(after), after.stuck_code) == ((G.STUCK, "fp"), Stuck.STALE_EPOCH)


@pytest.mark.parametrize(
    ("event", "in_doubt"),
    [
        pytest.param(Succeeded(0), False, id="success ends the doubt"),
        pytest.param(Undone(0), False, id="undone ends the doubt"),
        pytest.param(NotSent(0), True, id="not sent says nothing of the earlier try"),
        pytest.param(TryLater(0), True, id="try later says nothing of the earlier try"),
        pytest.param(Refused(0), True, id="a refusal says nothing of the earlier try"),
        pytest.param(StaleEpoch(0), True, id="a stale epoch says nothing of the earlier try"),
    ],
)
def test_an_earlier_try_in_doubt(event, in_doubt):
    assert decide(saga("rp", at={0: {"in_doubt": True}}), event, NOW).after.steps[0].in_doubt is in_doubt


@pytest.mark.parametrize(
    ("event", "in_doubt"), [(InDoubt, True), (Lost, True), (InProgress, True), (TryLater, False), (NotSent, False)]
)
def test_doubt_begins_with_a_call_that_may_have_been_heard(event, in_doubt):
    step = decide(saga("r"), event(0), NOW).after.steps[0]
    assert (step.in_doubt, step.may_have_effect) == (in_doubt, in_doubt or event is TryLater)


# -- waits ---------------------------------------------------------------------------------------------------------


def wait(before: SagaState, event: RetriableEvent) -> float:
    due_at = decide(before, event, NOW).after.steps[event.step].due_at
    assert due_at is not None
    return (due_at - NOW).total_seconds()


@pytest.mark.parametrize("luck", [0.0, 0.25, 0.999])
@pytest.mark.parametrize(("tries", "ceiling"), [(1, 1), (2, 2)])
def test_full_jitter_draws_from_nothing_to_the_ceiling(tries, ceiling, luck):
    before = saga("r", at={0: {"tries": tries}})
    assert wait(before, InDoubt(0, luck=luck)) == pytest.approx(ceiling * luck)


def test_the_ceiling_is_capped_by_the_policy():
    long = stepped(saga("r", defined={0: {"retry": patient(max_seconds=30)}}), 0, tries=40)
    assert wait(long, InDoubt(0)) == 30


def test_a_backoff_may_be_longer_than_an_hour_if_the_definition_says_so():
    long = stepped(saga("r", defined={0: {"retry": patient(max_seconds=7200)}}), 0, tries=40)
    assert wait(long, InDoubt(0)) == 7200


def patient(*, max_seconds: float):
    return RetryPolicy(1000, timedelta(seconds=1), 2, timedelta(seconds=max_seconds))


@pytest.mark.parametrize("event", [InDoubt, TryLater, NotSent, InProgress, Accepted])
def test_retry_after_is_honoured_past_the_policys_maximum(event):
    assert wait(saga("r"), event(0, luck=0.5, retry_after=timedelta(seconds=90))) == 90


def test_retry_after_is_capped_at_one_hour():
    assert wait(saga("r"), TryLater(0, retry_after=timedelta(days=2))) == 3600


@pytest.mark.parametrize("event", [TryLater(0, retry_after=timedelta(minutes=5)), InDoubt(0), Accepted(0)])
def test_no_wait_goes_past_the_deadline(event):
    before = saga("r", at={0: {"tries": 2}}, deadline_at=NOW + timedelta(seconds=0.5))
    assert wait(before, event) == 0.5
