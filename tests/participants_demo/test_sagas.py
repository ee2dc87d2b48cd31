"""The definition documents that come with the demo: each form can be sent as it is, the participants know it all."""

from collections.abc import Iterator
from typing import Any

import jmespath
import pytest
import yaml
from jsonschema import Draft202012Validator

from orchestration.core.definitions import StepDefinition, parse
from orchestration.core.states import StepKind
from tests.participants_demo.running import ROOT, Participant, new_saga, until

DOCUMENTS: dict[str, dict[str, Any]] = {
    file.stem: yaml.safe_load(file.read_text())
    for file in sorted((ROOT / "participants_demo" / "sagas").glob("*.yaml"))
}
REFUSED = {"SKU-EMPTY": "no_stock", "moon": "no_carrier", "acc-closed": "account_closed"}
Participants = dict[str, Participant]


def properties(name: str) -> dict[str, Any]:
    return dict(DOCUMENTS[name]["input_schema"]["properties"])


def defaults(name: str) -> dict[str, Any]:
    return {field: schema["default"] for field, schema in properties(name).items()}


def run(participants: Participants, name: str, given: dict[str, Any]) -> Iterator[str]:
    """Call all steps as the document maps them, then undo them, and give the code of each refusal."""
    saga, outputs, called = new_saga(), dict[str, Any](), list[StepDefinition]()
    for step in parse(DOCUMENTS[name]).steps:
        data = {"input": given, "outputs": outputs}
        if step.kind is StepKind.CALL and (step.when is None or jmespath.search(step.when, data)):
            called.append(step)
            answer = answered(participants[step.participant], step, saga, jmespath.search(step.payload or "@", data))
            outputs[step.name] = answer
            if "code" in answer:
                yield answer["code"]
    for step in reversed(called):
        if step.compensation and not any(one.pivot for one in called):
            assert call(participants[step.participant], step, saga, None, direction="compensation").status_code == 200


def answered(participant: Participant, step: StepDefinition, saga: str, sent: Any) -> dict[str, Any]:
    """What became of an action, also when it was only accepted at first."""
    answer = call(participant, step, saga, {**sent, "answer_seconds": 0})
    if answer.status_code != 202:
        return dict(answer.json())
    key = f"{saga}:{step.name}:action"
    until(lambda: participant.get("/status", key=key)["state"] != "in_progress")
    found = participant.get("/status", key=key)
    return dict(found.get("output", found))


def call(participant: Participant, step: StepDefinition, saga: str, sent: Any, direction: str = "action") -> Any:
    body = {"saga_id": saga, "step": step.name, "direction": direction, "input": sent}
    headers = {"Idempotency-Key": f"{saga}:{step.name}:{direction}", "Saga-Epoch": "1"}
    path = step.action if direction == "action" else step.compensation
    return participant.http.post(f"{participant.url}{path}", json=body, headers=headers)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_name_of_the_file_is_the_name_of_the_saga(name: str):
    assert parse(DOCUMENTS[name]).name == name


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_defaults_fit_the_schema(name: str):
    Draft202012Validator.check_schema(DOCUMENTS[name]["input_schema"])
    Draft202012Validator(DOCUMENTS[name]["input_schema"]).validate(defaults(name))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_field_of_the_form_is_labelled(name: str):
    assert all({"title", "description", "type"} <= set(schema) for schema in properties(name).values())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_defaults_are_done_by_every_participant(participants: Participants, name: str):
    assert list(run(participants, name, defaults(name))) == []


CHOICES = [
    (name, field, value)
    for name in DOCUMENTS
    for field, schema in properties(name).items()
    for value in schema.get("enum", [False] if schema["type"] == "boolean" else [])
]


@pytest.mark.parametrize(("name", "field", "value"), CHOICES)
def test_every_choice_of_the_form_is_known_to_the_participants(
    participants: Participants, name: str, field: str, value: Any
):
    codes = list(run(participants, name, {**defaults(name), "amount": 1000, field: value}))
    refused = value in REFUSED and not any(step.saga for step in parse(DOCUMENTS[name]).steps if value == "moon")
    assert codes[:1] == ([REFUSED[value]] if refused else [])  # who delivers is the sub-saga's affair


def test_the_order_with_delivery_sends_its_sub_saga_what_that_takes():
    [step] = [step for step in parse(DOCUMENTS["order-with-delivery"]).steps if step.kind is StepKind.SAGA]
    sent = jmespath.search(step.payload or "@", {"input": defaults("order-with-delivery")})
    Draft202012Validator(DOCUMENTS[step.saga]["input_schema"]).validate(sent)


def test_after_the_pivot_nothing_has_an_undo():
    steps = parse(DOCUMENTS["transfer-with-pivot"]).steps
    pivot = next(step.index for step in steps if step.pivot)
    assert [step.compensation is not None for step in steps] == [step.index < pivot for step in steps]
    assert all(step.hold_when_exhausted for step in steps[pivot:])


def test_the_order_with_approval_shows_every_kind_of_step():
    steps = parse(DOCUMENTS["order-with-approval"]).steps
    assert {step.kind for step in steps} == set(StepKind) - {StepKind.SAGA}
    assert len({step.stage for step in steps}) == len(steps) - 2
    assert {step.name for step in steps if step.when} >= {"approve-amount", "book-carrier", "time-to-think"}
