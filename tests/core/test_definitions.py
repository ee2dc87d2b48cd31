"""Definition documents: what is understood, and what is refused, with its place."""

from datetime import timedelta
from typing import Any

import pytest

from orchestration.core.definitions import RetryPolicy, WrongDefinition, parse

SECOND = timedelta(seconds=1)
STEP = {"name": "reserve", "participant": "inventory", "action": "/reserve", "compensation": "/release"}


def document(step: dict[Any, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {"name": "place-order", "steps": [{**STEP, **(step or {})}], **fields}


def problems(wrong: Any) -> list[str]:
    with pytest.raises(WrongDefinition) as refused:
        parse(wrong)
    return [str(problem) for problem in refused.value.problems]


def test_a_full_document():
    definition = parse(
        document(
            {
                "payload": "{sku: input.sku}", "timeout": 2.5, "on_exhausted": "hold", "compensate_when_refused": False,
                "retry": {"max_attempts": 5, "initial": 1, "factor": 3, "max": 60},
                "compensation_retry": {"max_attempts": 20},
            },
            title="Place an order", description="What the shop sells", deadline=300, business_key="order_id",
            input_schema={"type": "object"},
        )
    )  # fmt: skip
    [step] = definition.steps
    assert (definition.name, definition.title, definition.description) == (
        "place-order", "Place an order", "What the shop sells",
    )  # fmt: skip
    assert (definition.deadline, definition.business_key) == (300 * SECOND, "order_id")
    assert (step.index, step.stage, step.name, step.participant) == (0, 0, "reserve", "inventory")
    assert (step.action, step.compensation, step.payload) == ("/reserve", "/release", "{sku: input.sku}")
    assert (step.timeout, step.hold_when_exhausted, step.compensate_when_refused) == (2.5 * SECOND, True, False)
    assert step.retry == RetryPolicy(5, SECOND, 3, 60 * SECOND)
    assert step.compensation_retry == RetryPolicy(20, 0.5 * SECOND, 2, 300 * SECOND)


def test_what_may_be_left_out():
    definition = parse({"name": "a", "steps": [{"name": "b", "participant": "c", "action": "/d"}]})
    [step] = definition.steps
    assert (definition.title, definition.deadline, definition.business_key) == ("a", timedelta(days=1), None)
    assert (step.compensation, step.payload, step.timeout) == (None, None, None)
    assert (step.hold_when_exhausted, step.compensate_when_refused) == (False, True)
    assert step.retry == RetryPolicy(3, 0.5 * SECOND, 2, 30 * SECOND)
    assert step.compensation_retry == RetryPolicy(10, 0.5 * SECOND, 2, 300 * SECOND)


def test_steps_run_in_the_order_of_the_document():
    steps = parse({"name": "a", "steps": [{**STEP, "name": f"step-{number}"} for number in range(100)]}).steps
    assert [(step.index, step.stage, step.name) for step in steps] == [(n, n, f"step-{n}") for n in range(100)]


@pytest.mark.parametrize("nothing", [None, "none"])
def test_a_step_may_have_nothing_to_undo(nothing):
    assert parse(document({"compensation": nothing})).steps[0].compensation is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        pytest.param([], "must be an object", id="not an object"),
        pytest.param(document(colour="red"), "colour: unknown field", id="unknown field"),
        pytest.param(document({"colour": "red"}), "steps[0].colour: unknown field", id="unknown field of a step"),
        pytest.param(
            document({"retry": {"tries": 3}}), "steps[0].retry.tries: unknown field", id="unknown field of a retry"
        ),
        pytest.param(document({1: 2}), "steps[0]: must be an object with text keys", id="a key that is no text"),
        pytest.param({**document(), "name": None}, "name: must be 1 to 64", id="no name"),
        pytest.param(document(name="Place Order"), "name: must be 1 to 64", id="a name with capitals and a space"),
        pytest.param(document(name="-a"), "name: must be 1 to 64", id="a name that begins with a hyphen"),
        pytest.param(document(name="a" * 65), "name: must be 1 to 64", id="a name of 65 characters"),
        pytest.param(document(name="é"), "name: must be 1 to 64", id="a name beyond ASCII"),
        pytest.param(document(title="two\nlines"), "title: must be a line of text", id="a title of two lines"),
        pytest.param(document(deadline=0), "deadline: must be a number from 1 to", id="no time at all"),
        pytest.param(document(deadline=90 * 86400 + 1), "deadline: must be a number", id="more than 90 days"),
        pytest.param(document(deadline="5 min"), "deadline: must be a number", id="a deadline in words"),
        pytest.param(document(deadline=True), "deadline: must be a number", id="a deadline of true"),
        pytest.param(document(deadline=float("nan")), "deadline: must be a number", id="a deadline of NaN"),
        pytest.param(document(business_key="a..b"), "business_key: ", id="a bad business key"),
        pytest.param(document(input_schema=[]), "input_schema: must be an object", id="a schema that is no object"),
        pytest.param(document(steps=[]), "steps: must be a list of 1 to 100", id="no step"),
        pytest.param(document(steps=[STEP] * 101), "steps: must be a list of 1 to 100", id="101 steps"),
        pytest.param(document(steps="all"), "steps: must be a list", id="steps in words"),
        pytest.param(document(steps=[STEP, STEP]), "steps[1].name: there is already", id="two steps of one name"),
        pytest.param(document(steps=["a"]), "steps[0]: must be an object", id="a step in words"),
        pytest.param(document({"participant": None}), "steps[0].participant: must be", id="no participant"),
        pytest.param(document({"action": ""}), "steps[0].action: must be a line", id="no action"),
        pytest.param(document({"action": "/" * 256}), "steps[0].action: must be a line", id="an endless action"),
        pytest.param(document({"payload": "{sku: }"}), "steps[0].payload: ", id="a bad expression"),
        pytest.param(document({"payload": "outputs.re-serve"}), 'outputs."reserve-stock"', id="a hyphen unquoted"),
        pytest.param(document({"payload": "(" * 4000}), "steps[0].payload: it is nested", id="an expression too deep"),
        pytest.param(document({"timeout": 0.01}), "steps[0].timeout: must be", id="a timeout below 0.05 s"),
        pytest.param(document({"timeout": 3601}), "steps[0].timeout: must be", id="a timeout above an hour"),
        pytest.param(document({"retry": 3}), "steps[0].retry: must be an object", id="a retry that is a number"),
        pytest.param(
            document({"retry": {"max_attempts": 0}}), "steps[0].retry.max_attempts: must be a number", id="no try"
        ),
        pytest.param(
            document({"retry": {"max_attempts": 1.5}}), "steps[0].retry.max_attempts: must be a whole", id="1.5 tries"
        ),
        pytest.param(
            document({"compensation_retry": {"max_attempts": 1001}}),
            "steps[0].compensation_retry.max_attempts: must be a number", id="1001 tries",
        ),
        pytest.param(document({"retry": {"factor": 0.5}}), "steps[0].retry.factor: must be", id="waits that shrink"),
        pytest.param(document({"retry": {"initial": -1}}), "steps[0].retry.initial: must be", id="a negative wait"),
        pytest.param(document({"on_exhausted": "panic"}), "steps[0].on_exhausted: must be", id="neither way"),
        pytest.param(document({"on_exhausted": ["hold"]}), "steps[0].on_exhausted: must be", id="a list of ways"),
        pytest.param(
            document({"compensate_when_refused": "no"}), "steps[0].compensate_when_refused: must be true or false",
            id="a flag in words",
        ),
    ],
)  # fmt: skip
def test_a_wrong_document_is_refused_with_the_place(wrong, said):
    assert any(said in problem for problem in problems(wrong)), problems(wrong)


def test_how_many_may_be_in_flight_and_what_they_lock():
    defined = parse(document(concurrency=200, lock_key="customer.id"))
    assert (defined.concurrency, defined.lock_key) == (200, "customer.id")
    assert (parse(document()).concurrency, parse(document()).lock_key) == (None, None)


@pytest.mark.parametrize("number", [0, -1, 1.5, 100_001, "2", None, True])
def test_a_limit_that_is_no_whole_number_from_one_is_refused(number):
    assert [one.split(":")[0] for one in problems(document(concurrency=number))] == ["concurrency"]


@pytest.mark.parametrize("expression", ["customer.", 7, ""])
def test_a_lock_that_is_no_expression_is_refused(expression):
    assert [one.split(":")[0] for one in problems(document(lock_key=expression))] == ["lock_key"]


@pytest.mark.parametrize("name", ["secrets"])
def test_what_is_not_built_yet_in_a_step_is_refused(name):
    assert f"steps[0].{name}: is not supported yet" in problems(document({name: 1}))


def test_a_secret_that_would_not_be_masked_is_refused():
    schema = {"properties": {"card": {"anyOf": [{"x-secret": True}]}}}
    assert "input_schema.properties.card.anyOf[0].x-secret: is not supported yet" in problems(
        document(input_schema=schema)
    )


def test_everything_wrong_is_said_at_once():
    said = problems(document({"timeout": 0, "colour": 1}, deadline=0))
    assert {problem.split(":")[0] for problem in said} == {"deadline", "steps[0].colour", "steps[0].timeout"}


@pytest.mark.parametrize(("tries", "seconds"), [(0, 1), (1, 1), (2, 3), (3, 9), (4, 20), (1000, 20)])
def test_the_ceiling_grows_by_the_factor_up_to_the_maximum(tries, seconds):
    assert RetryPolicy(1000, SECOND, 3, 20 * SECOND).ceiling(tries) == seconds * SECOND


def test_the_steepest_policy_overflows_nothing():
    assert RetryPolicy(1000, 86_400 * SECOND, 100, 86_400 * SECOND).ceiling(1000) == 86_400 * SECOND
