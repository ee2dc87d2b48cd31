"""Restart-from: what is kept, what begins anew, and what stands against it. Letters as in `letters`."""

from typing import Any

import pytest

from orchestration.core.decisions import decide
from orchestration.core.draft import NotAllowed, WhichStep
from orchestration.core.effects import open_effects
from orchestration.core.events import RestartFrom
from orchestration.core.restart import successor
from orchestration.core.saga_state import SagaState
from orchestration.core.states import SagaStatus as G
from orchestration.core.states import StepKind
from tests.core.letters import APPROVAL, DEADLINE, NOW, TIMER, at_rest, letters, saga, stepped

DOUBT = {"in_doubt": True}
NEVER_SENT = {"sent": False, "refused_only": True}
PROMISED = {"answer_by": DEADLINE}
ORIGIN, OLDER = "the-origin", "an-older-origin"
LATER = DEADLINE + (DEADLINE - NOW)
GROUP: dict[str, Any] = {"stages": [0, 1, 1, 2]}


def restarted(before: SagaState, step: int | None = None, plan=()) -> SagaState:
    event = RestartFrom(step, plan)
    assert decide(before, event, NOW).after.status is G.ABANDONED
    return successor(before, event, origin=ORIGIN, now=NOW, deadline_at=LATER).decision().after


@pytest.mark.parametrize(
    ("before", "step", "after", "kept"),
    [
        pytest.param(saga("ssfp"), 2, "ssdp", [0, 1], id="what was done before is kept"),
        pytest.param(saga("ssfp"), None, "ssdp", [0, 1], id="only one step fits"),
        pytest.param(saga("fp"), 0, "dp", [], id="from the beginning, when nothing was done"),
        pytest.param(saga("skf"), 2, "skd", [0, 1], id="what was skipped stays skipped"),
        pytest.param(saga("sfp", pivot=0), 1, "sdp", [0], id="past the pivot"),
        pytest.param(saga("ssfp", **GROUP), 2, "ssdp", [0, 1], id="a sibling that is done is kept"),
        pytest.param(saga("sffp", **GROUP), 1, "sddp", [0], id="siblings that failed begin together"),
        pytest.param(saga("ssf", defined={1: APPROVAL}), 1, "sdp", [0], id="a decision is asked for again"),
        pytest.param(saga("ssf", defined={1: TIMER}), 2, "ssd", [0, 1], id="a timer that has run stays run"),
    ],
)
def test_the_new_saga_keeps_what_was_done_and_begins_at_the_step(before, step, after, kept):
    new = restarted(before, step)
    assert at_rest(new) == (G.RUNNING, after)
    assert [index for index, one in enumerate(new.steps) if one.origin_saga_id == ORIGIN] == kept
    assert {one.due_at for one, letter in zip(new.steps, after, strict=True) if letter == "d"} == {NOW}


def test_it_has_its_own_time_and_the_input_and_the_outputs_of_what_it_keeps():
    before = saga("ssf", input={"qty": 2}, outputs={"step-1": {"ref": 1}, "step-2": 2, "step-3": 3}, paused=True)
    new = restarted(before, 2)
    assert (new.deadline_at, new.overdue, new.paused) == (LATER, False, True)
    assert (new.input, new.outputs) == ({"qty": 2}, {"step-1": {"ref": 1}, "step-2": 2})


def test_after_several_restarts_a_step_is_still_undone_in_the_name_of_the_saga_that_did_it():
    new = restarted(stepped(saga("ssf"), 0, origin_saga_id=OLDER), 2)
    assert [one.origin_saga_id for one in new.steps] == [OLDER, ORIGIN, None]


def test_tries_begin_anew():
    new = restarted(saga("sf"), 1)
    assert [(one.action_attempts, one.compensation_attempts, one.tries) for one in new.steps] == [(0, 0, 0)] * 2
    assert open_effects(new) == open_effects(restarted(saga("sf"), 1)) == []


IN_DOUBT = "step-{} is in doubt: first find out whether it took effect"
NOT_DONE = "step-{} is not done: begin there, or before it"
AGAIN = "step-{} has taken effect, and would take effect again: begin after it"
ON_ITS_WAY_BACK = "the saga is on its way back, and a restart only goes forward"


@pytest.mark.parametrize(
    ("before", "step", "why_not"),
    [
        pytest.param(saga("srp"), 1, "only a stuck saga can be restarted", id="running"),
        pytest.param(saga("ss"), 1, "the saga has ended: completed", id="ended"),
        pytest.param(saga("ssfp"), 1, AGAIN.format(2), id="an effect would happen twice"),
        pytest.param(saga("ssfp"), 3, NOT_DONE.format(3), id="what failed would be kept"),
        pytest.param(saga("sfp", at={1: DOUBT}), 1, IN_DOUBT.format(2), id="the step itself in doubt"),
        pytest.param(saga("sfp", at={1: DOUBT}), None, IN_DOUBT.format(2), id="in doubt, no step named"),
        pytest.param(saga("sfp", at={1: DOUBT}, pivot=1), 1, IN_DOUBT.format(2), id="a pivot in doubt"),
        pytest.param(
            saga("swfp", at={1: PROMISED}, status=G.STUCK, **GROUP),
            2,
            IN_DOUBT.format(2),
            id="a sibling may answer yet",
        ),
        pytest.param(saga("sffp", at={1: DOUBT}, **GROUP), 2, IN_DOUBT.format(2), id="a sibling in doubt"),
        pytest.param(saga("ssfp", **GROUP), 1, AGAIN.format(2), id="a sibling that is done, named"),
        pytest.param(saga("sf"), 2, "that step is not one that this act fits", id="no such step"),
        pytest.param(saga("syx"), 2, ON_ITS_WAY_BACK, id="stuck on an undo"),
        pytest.param(
            saga("skf", at={1: {"effect_stands": True}}, status=G.STUCK), 2, ON_ITS_WAY_BACK, id="an undo was given up"
        ),
    ],
)
def test_what_stands_against_it(before, step, why_not):
    with pytest.raises(NotAllowed) as refused:
        decide(before, RestartFrom(step), NOW)
    assert str(refused.value) == why_not


def test_which_step_where_a_decision_can_be_asked_for_again():
    with pytest.raises(WhichStep) as asked:
        decide(saga("ssf", defined={1: APPROVAL}), RestartFrom(), NOW)
    assert asked.value.steps == (1, 2)


BEFORE = saga("ssfp")


def plan(letters_: str = "pppp", **changed):
    return tuple(step.definition for step in saga(letters_, defined=changed.pop("defined", None), **changed).steps)


@pytest.mark.parametrize(
    "newer",
    [
        pytest.param(
            plan(defined={2: {"action": "/other", "payload": "`1`"}, 3: {"name": "x"}}), id="later steps differ"
        ),
        pytest.param(plan("ppp"), id="a step less"),
        pytest.param(plan("pppppp"), id="more steps"),
        pytest.param(plan(pivot=2), id="a pivot ahead"),
        pytest.param(
            plan(defined={0: {"hold_when_exhausted": True, "when": "input.x"}}), id="how a kept step is tried"
        ),
    ],
)
def test_a_newer_version_may_go_on_otherwise(newer):
    new = restarted(BEFORE, 2, newer)
    assert [one.definition for one in new.steps] == list(newer)
    assert letters(new) == "ssd" + "p" * (len(newer) - 3)


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "other"}, {"participant": "other"}, {"action": "/other"}, {"compensation": None}, {"payload": "`1`"},
        {"pivot": True}, {"kind": StepKind.WAIT},
    ],
)  # fmt: skip
def test_what_is_kept_must_be_the_same_step(changed):
    with pytest.raises(NotAllowed, match="what would be kept is not the same step in that version"):
        decide(BEFORE, RestartFrom(2, plan(defined={1: changed})), NOW)


def test_a_version_with_fewer_steps_than_were_done_would_leave_effects_behind():
    with pytest.raises(NotAllowed, match="step-2 has taken effect"):
        decide(BEFORE, RestartFrom(1, plan("pp")), NOW)
