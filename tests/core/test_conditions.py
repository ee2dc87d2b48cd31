"""What a step reads of its saga: conditions, payloads, outputs."""

import pytest

from orchestration.core import data
from orchestration.core.decisions import begin, decide, decide_and_begin
from orchestration.core.events import EditAndRetry, Refused, Succeeded
from orchestration.core.mapping import is_true
from orchestration.core.saga_state import Stuck
from orchestration.core.states import SagaStatus as G
from tests.core.letters import NOW, at_rest, letters, saga

INPUT = {"qty": 3, "none": 0, "text": "three"}
YES, NO, FAILS = {"when": "input.qty"}, {"when": "input.gift"}, {"when": "abs(input.text)"}


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        (None, False), (False, False), ("", False), ([], False), ({}, False),
        (True, True), (0, True), (0.0, True), ("no", True), ([0], True), ({"a": None}, True),
    ],
)  # fmt: skip
def test_what_holds_is_what_jmespath_calls_true(value, holds):
    assert is_true(value) is holds


@pytest.mark.parametrize(
    ("before", "status", "after"),
    [
        pytest.param(saga("dp", defined={0: YES}), G.RUNNING, "rp", id="it holds: called"),
        pytest.param(saga("dp", defined={0: NO}), G.RUNNING, "kr", id="it does not: skipped, and the next is called"),
        pytest.param(saga("dpp", defined={0: NO, 1: NO}), G.RUNNING, "kkr", id="skipped one after the other"),
        pytest.param(saga("dp", defined={0: NO, 1: NO}), G.COMPLETED, "kk", id="nothing is left: completed"),
        pytest.param(saga("sddp", stages=[0, 1, 1, 2], defined={1: NO}), G.RUNNING, "skrp", id="one of two siblings"),
        pytest.param(saga("sd", defined={1: FAILS}), G.COMPENSATING, "cf", id="it fails: a refusal, never sent"),
        pytest.param(saga("dp", defined={0: FAILS}), G.COMPENSATED, "fp", id="it fails on the first step"),
        pytest.param(saga("sd", pivot=0, defined={1: FAILS}), G.STUCK, "sf", id="it fails past the pivot"),
        pytest.param(saga("sd", paused=True, defined={1: NO}), G.RUNNING, "sd", id="while paused it is not asked"),
        pytest.param(
            saga("sd", defined={1: NO}, at={1: {"action_attempts": 1}}), G.RUNNING, "sr", id="a try was made: not asked"
        ),
        pytest.param(saga("su", defined={1: NO}), G.COMPENSATING, "sc", id="an undo is not asked"),
    ],
)
def test_a_condition_is_asked_when_the_step_begins(before, status, after):
    assert at_rest(begin(before._replace(input=INPUT), NOW).after) == (status, after)


def test_a_condition_reads_the_outputs_of_earlier_stages_only():
    step = {"when": 'outputs."step-1".ok'}
    after = decide(saga("rp", defined={1: step}), Succeeded(0, {"ok": True}), NOW).after
    assert letters(begin(after, NOW).after) == "sr"
    beside = saga("sd", stages=[0, 0], defined={1: step}, outputs={"step-1": {"ok": True}})
    assert letters(begin(beside, NOW).after) == "sk"


def test_a_condition_that_fails_says_why():
    decision = begin(saga("sd", defined={1: FAILS}, input=INPUT), NOW)
    assert decision.errors[1] is not None
    assert decision.errors[1]["code"] == "mapping"
    assert "abs(input.text)" in decision.errors[1]["message"]


def test_a_skipped_step_is_not_undone():
    state = begin(saga("dpp", defined={0: NO}), NOW).after
    assert letters(decide(state, Refused(1), NOW).after) == "kup"


def test_nobody_is_asked_about_what_makes_no_call():
    before = saga("dp", defined={0: NO, 1: NO})
    decision, kept_back = decide_and_begin(before, (), NOW, lambda _due, _steps: ((), "never asked"))
    assert (decision.after.status, kept_back) == (G.COMPLETED, None)


def test_a_saga_whose_first_call_is_kept_back_is_still_pending():
    decision, kept_back = decide_and_begin(
        saga("dp", defined={0: YES}, input=INPUT), (), NOW, lambda _due, _steps: ((), "busy")
    )
    assert (at_rest(decision.after), kept_back) == ((G.PENDING, "dp"), "busy")


# -- what is sent --------------------------------------------------------------------------------------------------

PAYLOAD = {"payload": '{qty: input.qty, ref: outputs."step-1".ref}'}
SENT = saga("ssf", defined={2: PAYLOAD}, input=INPUT, outputs={"step-1": {"ref": 7}, "step-2": {"ref": 8}})


def test_a_payload_is_made_of_input_and_earlier_outputs():
    assert data.payload(SENT, SENT.steps[2]) == {"qty": 3, "ref": 7}
    assert data.payload(SENT, SENT.steps[1]) == {"input": INPUT, "outputs": {"step-1": {"ref": 7}}}


def test_an_edited_input_takes_the_place_of_the_payload_from_then_on_in_both_directions():
    state = decide(SENT, EditAndRetry(input={"qty": 1}), NOW).after
    assert data.payload(state, state.steps[2]) == {"qty": 1}
    undoing = decide(begin(state, NOW).after, Refused(2), NOW).after
    assert (letters(undoing), data.payload(undoing, undoing.steps[2])) == ("ssu", {"qty": 1})


def test_who_edits_the_input_of_a_step_wants_it_called():
    stuck = begin(saga("sd", pivot=0, defined={1: FAILS}, input=INPUT), NOW).after
    assert (at_rest(stuck), stuck.stuck_code) == ((G.STUCK, "sf"), Stuck.PAST_PIVOT)
    assert letters(begin(decide(stuck, EditAndRetry(input={}), NOW).after, NOW).after) == "sr"


@pytest.mark.parametrize("output", [{"ref": 1}, [], "text", 0, False])
def test_an_output_is_kept_by_the_name_of_its_step(output):
    decision = decide(saga("rp"), Succeeded(0, output), NOW)
    assert (decision.after.outputs, decision.new_outputs) == ({"step-1": output}, {0: output})


def test_an_empty_answer_is_no_output_and_changes_none():
    decision = decide(saga("sr", outputs={"step-1": 1}), Succeeded(1), NOW)
    assert (decision.after.outputs, decision.new_outputs) == ({"step-1": 1}, {})


def test_an_undo_leaves_the_output_of_its_action():
    before = saga("c", outputs={"step-1": {"ref": 1}})
    assert decide(before, Succeeded(0, {"undone": True}), NOW).after.outputs == {"step-1": {"ref": 1}}
