"""The pivot: past it the saga only goes forward, and while it is in doubt nothing is undone on a guess."""

import pytest

from orchestration.core.decisions import begin, decide
from orchestration.core.draft import NotAllowed
from orchestration.core.events import (
    Accepted,
    CannotGoOn,
    Compensate,
    DeadlinePassed,
    InDoubt,
    Lost,
    NotSent,
    Refused,
    Resolve,
    Retry,
    Skip,
    StaleEpoch,
    Succeeded,
    TryLater,
    Undone,
)
from orchestration.core.saga_state import Stuck
from orchestration.core.states import SagaStatus as G
from tests.core.letters import BACKOFF, NOW, TRIES, at_rest, saga

SPENT = {"tries": TRIES, "action_attempts": TRIES}
DOUBT = {"in_doubt": True, "sent": True, "refused_only": False}
HOLD = {"hold_when_exhausted": True}
BACKS_OFF = {**BACKOFF, "action_attempts": 1, "tries": 1}


@pytest.mark.parametrize(
    ("before", "event", "status", "after"),
    [
        pytest.param(saga("srp", pivot=1), Succeeded(1), G.RUNNING, "ssd", id="the pivot succeeds: forward"),
        pytest.param(saga("srp", pivot=1), Refused(1), G.COMPENSATING, "sup", id="a clear refusal goes back"),
        pytest.param(saga("srp", pivot=1), Undone(1), G.COMPENSATING, "uxp", id="undone by the participant: back"),
        pytest.param(saga("srp", pivot=1), InDoubt(1), G.RUNNING, "sdp", id="in doubt: asked again"),
        pytest.param(
            saga("srp", pivot=1, at={1: SPENT}), NotSent(1), G.COMPENSATING, "ufp",
            id="spent without ever being sent: back",
        ),
        pytest.param(
            saga("srp", pivot=1, at={1: SPENT}), TryLater(1), G.COMPENSATING, "sup",
            id="spent, and told each time to try later: no effect, so back",
        ),
        pytest.param(saga("rpp", pivot=1), Refused(0), G.COMPENSATING, "upp", id="before the pivot as ever"),
        pytest.param(
            saga("skr", pivot=1), Refused(2), G.COMPENSATING, "sku", id="a pivot that was skipped bars nothing"
        ),
    ],
)  # fmt: skip
def test_where_the_pivot_leads(before, event, status, after):
    assert at_rest(decide(before, event, NOW).after) == (status, after)


@pytest.mark.parametrize(
    ("before", "event", "after", "code"),
    [
        pytest.param(
            saga("srp", pivot=1, at={1: DOUBT}), Refused(1), "sfp", Stuck.PIVOT_IN_DOUBT,
            id="a refusal after a try in doubt",
        ),
        pytest.param(
            saga("srp", pivot=1, at={1: SPENT}), InDoubt(1), "sfp", Stuck.PIVOT_IN_DOUBT, id="spent in doubt"
        ),
        pytest.param(
            saga("srp", pivot=1, at={1: {**SPENT, **DOUBT}}), NotSent(1), "sfp", Stuck.PIVOT_IN_DOUBT,
            id="spent, an earlier try in doubt",
        ),
        pytest.param(saga("srp", pivot=1, at={1: {"losses": 4}}), Lost(1), "sfp", Stuck.WORKER_DIED, id="lost"),
        pytest.param(saga("srp", pivot=1), CannotGoOn("broken"), "sfp", Stuck.CANNOT_GO_ON, id="the engine fails"),
        pytest.param(
            saga("srp", pivot=1, at={1: SPENT}, defined={1: HOLD}), TryLater(1), "sfp", Stuck.HELD, id="held"
        ),
        pytest.param(saga("ssr", pivot=1), Refused(2), "ssf", Stuck.PAST_PIVOT, id="past the pivot, no way back"),
        pytest.param(
            saga("ssr", pivot=1, at={2: SPENT}), InDoubt(2), "ssf", Stuck.PAST_PIVOT, id="past it, tries spent"
        ),
        pytest.param(saga("ssr", pivot=1), Undone(2), "ssf", Stuck.PAST_PIVOT, id="past it, undone by the participant"),
    ],
)  # fmt: skip
def test_where_a_person_must_look(before, event, after, code):
    stuck = decide(before, event, NOW).after
    assert (at_rest(stuck), stuck.stuck_code) == ((G.STUCK, after), code)


PAST, IN_DOUBT, CALLED = "past its pivot", "in doubt", "being called"
PIVOT_STUCK = saga("sfp", pivot=1, at={1: DOUBT})


@pytest.mark.parametrize(
    ("before", "why_not"),
    [
        pytest.param(saga("ssr", pivot=1), PAST, id="past the pivot"),
        pytest.param(saga("ssf", pivot=1), PAST, id="stuck past the pivot"),
        pytest.param(saga("srp", pivot=1), CALLED, id="its call is out"),
        pytest.param(saga("swp", pivot=1), CALLED, id="it was accepted"),
        pytest.param(saga("sdp", pivot=1, at={1: {**BACKS_OFF, **DOUBT}}), IN_DOUBT, id="between tries, in doubt"),
        pytest.param(PIVOT_STUCK, IN_DOUBT, id="stuck in doubt"),
    ],
)
@pytest.mark.parametrize("late", [False, True], ids=["", "deadline"])
def test_there_is_no_way_back(before, why_not, late):
    if late:
        after = decide(before, DeadlinePassed(), NOW).after
        assert (at_rest(after), after.overdue) == (at_rest(before), before.status is not G.STUCK)
        return
    with pytest.raises(NotAllowed, match=why_not):
        decide(before, Compensate(), NOW)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(saga("sdp", pivot=1), id="before its first try"),
        pytest.param(saga("sdp", pivot=1, at={1: BACKS_OFF}), id="between tries that were not in doubt"),
        pytest.param(saga("rpp", pivot=1), id="before its turn"),
    ],
)
@pytest.mark.parametrize("event", [Compensate(), DeadlinePassed()])
def test_before_the_pivot_there_is_a_way_back(before, event):
    assert decide(before, event, NOW).after.status is G.COMPENSATING


def test_past_the_pivot_the_deadline_is_told_once():
    late = decide(saga("ssr", pivot=1, deadline_at=NOW), DeadlinePassed(), NOW)
    assert (late.why, late.after.overdue) == ("deadline passed, but there is no way back", True)
    assert late.after._replace(steps=()).wake_at(NOW) is None
    assert decide(late.after, DeadlinePassed(), NOW).why == ""


def test_past_the_pivot_the_next_call_goes_out_though_the_deadline_has_passed():
    late = begin(saga("ssd", pivot=1, deadline_at=NOW), NOW).after
    assert (at_rest(late), late.overdue) == ((G.RUNNING, "ssr"), True)


def test_once_the_pivot_is_out_of_doubt_a_deadline_that_has_passed_turns_the_saga_back():
    late = decide(saga("srp", pivot=1, deadline_at=NOW), DeadlinePassed(), NOW).after
    answered = decide(late, TryLater(1), NOW).after
    assert at_rest(begin(answered, NOW).after) == (G.COMPENSATING, "scp")


def test_the_doubt_about_a_pivot_is_resolved_by_a_person():
    assert at_rest(decide(PIVOT_STUCK, Resolve(applied=True), NOW).after) == (G.RUNNING, "ssd")
    resolved = decide(PIVOT_STUCK, Resolve(applied=False), NOW).after
    assert (at_rest(resolved), resolved.steps[1].in_doubt) == ((G.STUCK, "sfp"), False)
    assert resolved.stuck_code == Stuck.PIVOT_NOT_APPLIED
    assert resolved.stuck_reason == "step-2: the pivot did not take effect, a person has found out"
    assert at_rest(decide(resolved, Compensate(), NOW).after) == (G.COMPENSATING, "sup")
    assert at_rest(decide(resolved, Retry(), NOW).after) == (G.RUNNING, "sdp")
    assert at_rest(decide(resolved, Skip(), NOW).after) == (G.RUNNING, "skd")


@pytest.mark.parametrize("event", [Accepted(1), Lost(1), StaleEpoch(1)])
def test_a_pivot_that_may_have_been_heard_bars_the_way_back_before_its_next_try(event):
    with pytest.raises(NotAllowed):
        decide(decide(saga("srp", pivot=1), event, NOW).after, Compensate(), NOW)
