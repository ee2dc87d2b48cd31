"""The definition document that comes with the demo: its form can be sent as it is, and the participants know it all."""

from typing import Any

import jmespath
import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.participants_demo.running import ROOT, Participant, new_saga

DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "participants_demo" / "sagas" / "place-order.yaml").read_text())
PROPERTIES: dict[str, Any] = DOCUMENT["input_schema"]["properties"]
DEFAULTS = {name: schema["default"] for name, schema in PROPERTIES.items()}
REFUSED = {"SKU-EMPTY": "no_stock", "moon": "no_carrier"}


def run(participants: dict[str, Participant], saga: str, given: dict[str, Any]) -> list[Any]:
    """The answers of all actions, as the steps of the document map the input; all are undone again."""
    answers = []
    for step in DOCUMENT["steps"]:
        sent = jmespath.search(step["payload"], {"input": given, "outputs": {}})
        answers.append(participants[step["participant"]].call(step["action"], saga, sent))
    for step in reversed(DOCUMENT["steps"]):
        assert participants[step["participant"]].undo(step["compensation"], saga).status_code == 200
    return answers


def test_the_defaults_fit_the_schema():
    Draft202012Validator.check_schema(DOCUMENT["input_schema"])
    Draft202012Validator(DOCUMENT["input_schema"]).validate(DEFAULTS)


def test_every_field_of_the_form_is_labelled():
    assert all({"title", "description", "type"} <= set(schema) for schema in PROPERTIES.values())


def test_the_defaults_are_done_by_every_participant(participants: dict[str, Participant]):
    assert [answer.status_code for answer in run(participants, new_saga(), DEFAULTS)] == [200] * 4


CHOICES = [(name, value) for name, schema in PROPERTIES.items() for value in schema.get("enum", [])]


@pytest.mark.parametrize(("name", "value"), CHOICES)
def test_every_choice_of_the_form_is_known_to_the_participants(
    participants: dict[str, Participant], name: str, value: str
):
    answers = run(participants, new_saga(), {**DEFAULTS, "amount": 1000, name: value})
    codes = [answer.json()["code"] for answer in answers if answer.status_code != 200]
    assert codes == ([REFUSED[value]] if value in REFUSED else [])
