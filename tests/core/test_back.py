"""Back: what failed is settled, and what may have had an effect is undone, newest first."""

import pytest

from orchestration.core.decisions import begin, decide
from orchestration.core.events import (
    Accepted,
    CannotGoOn,
    Compensate,
    DeadlinePassed,
    InDoubt,
    InProgress,
    Lost,
    NotSent,
    Refused,
    Retry,
    StaleEpoch,
    Succeeded,
    TryLater,
    Undone,
)
from orchestration.core.saga_state import Stuck
from orchestration.core.states import SagaStatus as G
from tests.core.letters import NOW, TRIES, UNDO_TRIES, at_rest, letters, saga

NOTHING_TO_UNDO = {"compensation": None}
SPARES_REFUSED = {"compensate_when_refused": False}
LAST_TRY = {"tries": TRIES, "action_attempts": TRIES}
HEARD = {"sent": True, "refused_only": False}
REFUSED_BEFORE = {"sent": True}
BACKING_OFF = {"action_attempts": 1, "tries": 1}


@pytest.mark.parametrize(
    ("before", "event", "status", "after"),
    [
        pytest.param(saga("ssr"), Refused(2), G.COMPENSATING, "ssu", id="the failing step is undone first"),
        pytest.param(saga("ssc"), Succeeded(2), G.COMPENSATING, "sux", id="then the step before it"),
        pytest.param(saga("sc", status=G.COMPENSATING), Succeeded(1), G.COMPENSATING, "ux", id="newest first"),
        pytest.param(saga("cxx"), Succeeded(0), G.COMPENSATED, "xxx", id="after the first step it is compensated"),
        pytest.param(saga("r"), Refused(0), G.COMPENSATING, "u", id="a single step is undone too"),
        pytest.param(saga("srpp"), Refused(1), G.COMPENSATING, "supp", id="steps that never began stay as they are"),
        pytest.param(
            saga("ssr", defined={2: NOTHING_TO_UNDO}), Refused(2), G.COMPENSATING, "suf", id="nothing to undo: failed"
        ),
        pytest.param(
            saga("ssc", defined={1: NOTHING_TO_UNDO}), Succeeded(2), G.COMPENSATING, "usx", id="left as it is"
        ),
        pytest.param(
            saga("sr", defined={0: NOTHING_TO_UNDO, 1: NOTHING_TO_UNDO}), Refused(1), G.COMPENSATED, "sf",
            id="nothing to undo anywhere: compensated at once",
        ),
        pytest.param(saga("skc"), Succeeded(2), G.COMPENSATING, "ukx", id="a skipped step is never undone"),
        pytest.param(saga("r"), Undone(0), G.COMPENSATED, "x", id="the participant had undone it already"),
        pytest.param(saga("ssr"), Undone(2), G.COMPENSATING, "sux", id="undone by the participant: the saga goes back"),
        pytest.param(saga("sc"), Undone(1), G.COMPENSATING, "ux", id="an undo that was done already is done"),
        pytest.param(
            saga("ssr", stages=[0, 0, 1]), Refused(2), G.COMPENSATING, "ssu", id="the newest stage is undone first"
        ),
        pytest.param(
            saga("ssc", stages=[0, 0, 1]), Succeeded(2), G.COMPENSATING, "uux", id="then the stage before it, together"
        ),
        pytest.param(
            saga("srr", stages=[0, 1, 1]), Refused(1), G.COMPENSATING, "sur", id="a sibling is settled first"
        ),
    ],
)  # fmt: skip
def test_the_way_back(before, event, status, after):
    assert at_rest(decide(before, event, NOW).after) == (status, after)


def test_three_two_one() -> None:
    state, order = decide(saga("ssr"), Refused(2), NOW).after, []
    while not state.ended:
        state = begin(state, NOW).after
        [out] = state.calls_out()
        order.append(out.definition.index + 1)
        state = decide(state, Succeeded(out.definition.index), NOW).after
    assert (order, at_rest(state)) == ([3, 2, 1], (G.COMPENSATED, "xxx"))


# -- which step is spared ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("history", "definition", "event", "after"),
    [
        pytest.param({}, {}, Refused(1), "su", id="a refusal is undone"),
        pytest.param({}, SPARES_REFUSED, Refused(1), "uf", id="spared: refused, and the definition says so"),
        pytest.param(REFUSED_BEFORE, SPARES_REFUSED, Refused(1), "uf", id="spared: refused every time"),
        pytest.param(HEARD, SPARES_REFUSED, Refused(1), "su", id="not spared: an earlier try was not refused"),
        pytest.param({}, {}, Refused(1, sent=False), "uf", id="spared: its call could not even be made"),
        pytest.param(HEARD, {}, Refused(1, sent=False), "su", id="not spared: an earlier call was made"),
        pytest.param(LAST_TRY, {}, NotSent(1), "uf", id="spared: no try was ever sent"),
        pytest.param({**LAST_TRY, **HEARD}, {}, NotSent(1), "su", id="not spared: an earlier try was sent"),
        pytest.param(LAST_TRY, {}, TryLater(1), "su", id="not spared: try later was sent"),
        pytest.param(LAST_TRY, {}, InDoubt(1), "su", id="not spared: in doubt is never treated as undone"),
        pytest.param(LAST_TRY, SPARES_REFUSED, InDoubt(1), "su", id="in doubt is not a refusal"),
        pytest.param({**LAST_TRY, **REFUSED_BEFORE}, SPARES_REFUSED, NotSent(1), "uf", id="refused or not sent"),
    ],
)
def test_only_what_never_took_effect_is_spared(history, definition, event, after):
    before = saga("sr", at={1: history}, defined={1: definition})
    assert letters(decide(before, event, NOW).after) == after


@pytest.mark.parametrize("event", [Accepted, InDoubt, InProgress, Lost, StaleEpoch, TryLater])
def test_a_call_that_may_have_been_heard_is_undone_when_the_saga_turns_back_before_its_next_try(event):
    later = decide(saga("sr", defined={1: SPARES_REFUSED}), event(1), NOW).after
    assert letters(decide(later, Compensate(), NOW).after) == "su"


def test_a_step_never_called_is_skipped_when_the_saga_turns_back():
    assert at_rest(decide(saga("sd"), DeadlinePassed(), NOW).after) == (G.COMPENSATING, "uk")


def test_a_step_stuck_before_it_was_ever_sent_stays_failed():
    stuck = saga("sf", at={1: {"sent": False, "refused_only": True}})
    assert at_rest(decide(stuck, Compensate(), NOW).after) == (G.COMPENSATING, "uf")


# -- settling: the saga has turned back while an action was out ----------------------------------------------------


@pytest.mark.parametrize(
    ("event", "after"),
    [
        pytest.param(Succeeded(1), "su", id="a late success is undone"),
        pytest.param(Refused(1), "su", id="a late refusal is undone like any refusal"),
        pytest.param(InDoubt(1), "su", id="in doubt: no further try, undone"),
        pytest.param(TryLater(1), "su", id="try later: no further try"),
        pytest.param(InProgress(1), "su", id="in progress: no further try"),
        pytest.param(Accepted(1), "su", id="accepted: undone at once"),
        pytest.param(Lost(1), "su", id="lost: undone"),
        pytest.param(StaleEpoch(1), "su", id="a stale epoch: somebody has called"),
        pytest.param(NotSent(1), "uf", id="not sent: spared"),
        pytest.param(Undone(1), "ux", id="undone by the participant: on to the step before"),
    ],
)
def test_a_call_that_is_out_is_settled_then_undone(event, after):
    turned = decide(saga("sr"), Compensate(), NOW).after
    assert at_rest(turned) == (G.COMPENSATING, "sr")
    assert at_rest(decide(turned, event, NOW).after) == (G.COMPENSATING, after)


def test_a_late_success_with_nothing_to_undo_is_left_as_it_is():
    turned = decide(saga("r", defined={0: NOTHING_TO_UNDO}), Compensate(), NOW).after
    assert at_rest(decide(turned, Succeeded(0), NOW).after) == (G.COMPENSATED, "s")


def test_nothing_is_undone_while_the_call_is_out():
    turned = decide(saga("ssr"), DeadlinePassed(), NOW).after
    assert begin(turned, NOW).moves == ()


# -- the undo itself -----------------------------------------------------------------------------------------------


def test_an_undo_has_a_budget_of_its_own():
    after = decide(saga("r", at={0: {**LAST_TRY, "losses": 2, "stale_answers": 1}}), InDoubt(0), NOW).after
    step = after.steps[0]
    assert (letters(after), step.tries, step.losses, step.stale_answers, step.due_at) == ("u", 0, 0, 0, NOW)
    assert step.policy.max_attempts == UNDO_TRIES


@pytest.mark.parametrize("event", [InDoubt, TryLater, NotSent, InProgress, Accepted, Lost, StaleEpoch])
def test_an_undo_is_tried_again(event):
    assert at_rest(decide(saga("sc"), event(1), NOW).after) == (G.COMPENSATING, "su")


@pytest.mark.parametrize("event", [InProgress, Accepted, Lost, StaleEpoch])
def test_an_undo_that_is_being_worked_on_uses_no_retry(event):
    after = decide(saga("c", at={0: {"tries": UNDO_TRIES}}), event(0), NOW).after
    assert (letters(after), after.steps[0].tries) == ("u", UNDO_TRIES - 1)


@pytest.mark.parametrize(
    ("history", "event", "code"),
    [
        pytest.param({}, Refused(1), Stuck.COMPENSATION_REFUSED, id="a refused undo is stuck at once"),
        pytest.param({}, Refused(1, for_ever=True), Stuck.NEVER_UNDOABLE, id="410 can never be undone"),
        pytest.param({"tries": UNDO_TRIES}, InDoubt(1), Stuck.COMPENSATION_EXHAUSTED, id="its tries are spent"),
        pytest.param({"tries": UNDO_TRIES}, TryLater(1), Stuck.COMPENSATION_EXHAUSTED, id="spent by try later"),
        pytest.param({"tries": UNDO_TRIES}, NotSent(1), Stuck.COMPENSATION_EXHAUSTED, id="spent without being sent"),
        pytest.param({"losses": 4}, Lost(1), Stuck.WORKER_DIED, id="it kills its worker each time"),
        pytest.param({"stale_answers": 1}, StaleEpoch(1), Stuck.STALE_EPOCH, id="a second stale epoch"),
    ],
)
def test_an_undo_that_fails_is_stuck_with_its_reason(history, event, code):
    after = decide(saga("sc", at={1: history}), event, NOW).after
    assert (at_rest(after), after.stuck_code) == ((G.STUCK, "sy"), code)
    assert "step-2" in after.stuck_reason


def test_only_410_is_for_ever():
    assert decide(saga("c"), Refused(0, for_ever=True), NOW).after.steps[0].never_undoable
    assert not decide(saga("c"), Refused(0), NOW).after.steps[0].never_undoable


def test_410_on_an_action_is_a_refusal_like_any_other():
    after = decide(saga("sr"), Refused(1, for_ever=True), NOW).after
    assert (at_rest(after), after.steps[1].never_undoable) == ((G.COMPENSATING, "su"), False)


def test_an_undo_waits_past_the_deadline_if_it_must():
    before = saga("c", at={0: {"tries": 3}}, deadline_at=NOW)
    due_at = decide(before, InDoubt(0), NOW).after.steps[0].due_at
    assert due_at is not None
    assert (due_at - NOW).total_seconds() == 18


# -- the engine itself fails on a saga -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [("rp", "fp"), ("dp", "fp"), ("wp", "fp"), ("ssu", "ssy"), ("scx", "syx")],
)
def test_a_saga_that_the_engine_fails_on_is_stuck_and_repairable(before, after):
    stuck = decide(saga(before), CannotGoOn("its answer could not be recorded"), NOW).after
    assert (at_rest(stuck), stuck.stuck_reason) == ((G.STUCK, after), "its answer could not be recorded")
    assert stuck.wake_at(NOW) is None
    assert decide(stuck, Retry(), NOW).after.status in (G.RUNNING, G.COMPENSATING)


def test_a_call_whose_answer_could_not_be_recorded_is_in_doubt_and_undone():
    stuck = decide(saga("sr", defined={1: SPARES_REFUSED}), CannotGoOn("unrecordable"), NOW).after
    assert stuck.steps[1].in_doubt
    assert at_rest(decide(stuck, Compensate(), NOW).after) == (G.COMPENSATING, "su")


# -- answers that nobody waits for ---------------------------------------------------------------------------------

ANSWERS = [Succeeded(0), Refused(0), InDoubt(0), TryLater(0), NotSent(0), InProgress(0), Accepted(0), Undone(0),
           StaleEpoch(0), Lost(0)]  # fmt: skip


@pytest.mark.parametrize("standing", "pdwsfkuxy")
@pytest.mark.parametrize("event", ANSWERS, ids=lambda event: type(event).__name__)
def test_an_answer_to_a_call_not_awaited_changes_nothing(standing, event):
    before = saga(standing + "p")
    decision = decide(before, event, NOW)
    assert (decision.after, decision.moves, decision.changed_steps) == (before, (), [])


@pytest.mark.parametrize("event", [*ANSWERS, DeadlinePassed(), CannotGoOn("broken")], ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("status", [G.COMPLETED, G.COMPENSATED, G.ABANDONED])
def test_an_ended_saga_takes_nothing(status, event):
    before = saga("rsc", status=status)
    assert decide(before, event, NOW).after == before
