"""Documents with groups, conditions, a pivot, approvals, timers: what is understood, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest

from orchestration.core.definitions import WrongDefinition, parse
from orchestration.core.states import StepKind

SECOND = timedelta(seconds=1)


def call(name: str = "a", **fields: Any) -> dict[str, Any]:
    return {"name": name, "participant": "inventory", "action": "/do", "compensation": "/undo", **fields}


def steps(*items: Any, **fields: Any):
    return parse({"name": "order", "steps": list(items), **fields}).steps


def problems(*items: Any) -> list[str]:
    with pytest.raises(WrongDefinition) as refused:
        steps(*items)
    return [str(problem) for problem in refused.value.problems]


def test_the_members_of_a_group_share_a_stage():
    found = steps(call("a"), {"parallel": [call("b"), call("c")]}, {"parallel": [call("d")]}, call("e"))
    assert [(step.name, step.index, step.stage) for step in found] == [
        ("a", 0, 0), ("b", 1, 1), ("c", 2, 1), ("d", 3, 2), ("e", 4, 3),
    ]  # fmt: skip
    assert [step.place for step in found] == [
        "steps[0]", "steps[1].parallel[0]", "steps[1].parallel[1]", "steps[2].parallel[0]", "steps[3]",
    ]  # fmt: skip


def test_conditions_pivots_and_the_time_for_an_answer():
    [first, second] = steps(call(when="input.qty", pivot=True, answer_within=600), call("b"), deadline=300)
    assert (first.kind, first.when, first.pivot) == (StepKind.CALL, "input.qty", True)
    assert (first.answer_within, first.longest_wait) == (600 * SECOND, 600 * SECOND)
    assert (second.when, second.pivot, second.answer_within, second.longest_wait) == (None, False, None, 300 * SECOND)


def test_an_approval_and_a_timer():
    [approval, timer, plain] = steps(
        {"name": "ok", "approval": {"permission": "approve_big_orders", "timeout": 60}, "when": "input.big"},
        {"name": "cool-down", "wait": 0.5},
        {"name": "again", "approval": {}},
    )
    assert (approval.kind, approval.permission, approval.wait) == (
        StepKind.APPROVAL, "approve_big_orders", 60 * SECOND,
    )  # fmt: skip
    assert (approval.participant, approval.action, approval.compensation, approval.when) == ("", "", None, "input.big")
    assert (timer.kind, timer.wait, timer.permission) == (StepKind.WAIT, SECOND / 2, "")
    assert (plain.permission, plain.wait) == ("approve_saga", timedelta(days=1))


@pytest.mark.parametrize("after", [call("z"), {**call("z"), "compensation": None}])
@pytest.mark.parametrize("before", [call(), call(compensation="none"), {"name": "t", "wait": 1}])
def test_before_a_pivot_each_call_says_what_undoes_it(before, after):
    assert [step.pivot for step in steps(before, call("p", pivot=True, compensation=None), after)][1]


def test_without_a_pivot_every_step_may_leave_its_compensation_out():
    assert steps({"name": "a", "participant": "b", "action": "/c"})[0].compensation is None


@pytest.mark.parametrize(
    ("items", "said"),
    [
        pytest.param([{"parallel": []}], "steps[0].parallel: must be a list of one step", id="an empty group"),
        pytest.param([{"parallel": call()}], "steps[0].parallel: must be a list", id="a group that is no list"),
        pytest.param([{"parallel": ["a"]}], "steps[0].parallel[0]: must be an object", id="a member in words"),
        pytest.param([{"parallel": [call()], "name": "g"}], "steps[0].name: unknown field", id="a group with a name"),
        pytest.param(
            [{"parallel": [{"parallel": [call()]}]}], "steps[0].parallel[0].parallel: a group cannot", id="nested"
        ),
        pytest.param(
            [call(), call("b"), {"parallel": [call("c", retry={"max": -1})]}],
            "steps[2].parallel[0].retry.max: must be a number", id="the place of a member",
        ),
        pytest.param(
            [call(), {"parallel": [call()]}], "steps[1].parallel[0].name: there is already", id="a name twice"
        ),
        pytest.param(
            [{"parallel": [call(f"s-{n}") for n in range(60)]}, {"parallel": [call(f"t-{n}") for n in range(41)]}],
            "steps: must be 1 to 100 steps", id="101 steps in groups",
        ),
        pytest.param([call(when="input..a")], "steps[0].when: ", id="a bad condition"),
        pytest.param([call(when="")], "steps[0].when: must be a line", id="an empty condition"),
        pytest.param([call(pivot="yes")], "steps[0].pivot: must be true or false", id="a pivot in words"),
        pytest.param(
            [call(pivot=True), call("b", pivot=True)], "steps[1].pivot: there is already a pivot, 'a'", id="two pivots"
        ),
        pytest.param(
            [{"parallel": [call(pivot=True)]}], "steps[0].parallel[0].pivot: the pivot cannot stand", id="in a group"
        ),
        pytest.param(
            [{"parallel": [{**call(), "compensation": None}]}, call("b", pivot=True)],
            "steps[0].parallel[0].compensation: a step before the pivot needs", id="no undo before the pivot",
        ),
        pytest.param([call(answer_within=0)], "steps[0].answer_within: must be a number", id="no time to answer"),
        pytest.param([call(answer_within=None)], "steps[0].answer_within: must be a number", id="null to answer"),
        pytest.param(
            [{"name": "a", "approval": True}], "steps[0].approval: must be an object", id="an approval of true"
        ),
        pytest.param(
            [{"name": "a", "approval": {"who": "me"}}], "steps[0].approval.who: unknown field", id="an unknown field"
        ),
        pytest.param(
            [{"name": "a", "approval": {"permission": "May-1"}}], "steps[0].approval.permission: must be", id="a right"
        ),
        pytest.param(
            [{"name": "a", "approval": {"timeout": 90 * 86400 + 1}}], "steps[0].approval.timeout: must be", id="90 days"
        ),
        pytest.param([{"name": "a", "wait": "1 h"}], "steps[0].wait: must be a number", id="a timer in words"),
        pytest.param([{"name": "a", "wait": 0}], "steps[0].wait: must be a number", id="a timer of nothing"),
        pytest.param(
            [{"name": "a", "wait": 1, "approval": {}}], "steps[0].wait: does not go with a step of the kind approval",
            id="both",
        ),
        pytest.param(
            [call(wait=5)], "steps[0].action: does not go with a step of the kind wait", id="a call that waits"
        ),
        pytest.param([{"name": "a", "approval": {}, "pivot": True}], "steps[0].pivot: does not go", id="a pivot"),
        pytest.param([{"name": "a", "wait": 1, "colour": 1}], "steps[0].colour: unknown field", id="unknown"),
        pytest.param([{"name": "a", "saga": "Other!"}], "steps[0].saga: must be 1 to 64 of", id="no name of a saga"),
        pytest.param(
            [{"name": "a", "saga": "other", "timeout": 5}], "steps[0].timeout: does not go with a step of",
            id="a sub-saga with a timeout",
        ),
        pytest.param([{"name": "a", "saga": "other", "payload": "{"}], "steps[0].payload: ", id="no payload"),
    ],
)  # fmt: skip
def test_a_wrong_step_is_refused_with_its_place(items, said):
    assert any(problem.startswith(said) for problem in problems(*items)), problems(*items)
