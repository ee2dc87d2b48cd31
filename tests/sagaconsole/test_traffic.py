"""The traffic of the demo: what it launches is what the definitions take, and each definition gets its share."""

from collections import Counter
from random import Random

import yaml
from jsonschema import Draft202012Validator

from sagaconsole.demo.traffic import a_launch
from tests.docs.pages import ROOT

SAGAS = ROOT / "participants_demo" / "sagas"
LAUNCHES = [a_launch(choice) for choice in [Random(1)] for _ in range(2000)]


def test_what_is_launched_fits_the_form_of_its_definition() -> None:
    schemas = {file.stem: yaml.safe_load(file.read_text())["input_schema"] for file in SAGAS.glob("*.yaml")}
    schemas["place-order-mixed"] = schemas["place-order"]
    for launch in LAUNCHES:
        Draft202012Validator(schemas[launch["definition"]]).validate(launch["input"])


def test_every_definition_of_the_demo_gets_its_share() -> None:
    counts = Counter(launch["definition"] for launch in LAUNCHES)
    documents = {file.stem for file in SAGAS.glob("*.yaml")} | {"place-order-mixed"}
    assert set(counts) | {"deliver-order"} == documents  # that one is a sub-saga
    assert counts["place-order"] + counts["place-order-mixed"] > 1000
    assert min(counts.values()) > 150


def test_few_orders_wait_for_a_person() -> None:
    waiting = [
        one for one in LAUNCHES if one["definition"] == "order-with-approval" and one["input"]["amount"] >= 50_000
    ]
    assert 0 < len(waiting) < 20


def test_no_number_comes_twice() -> None:
    keys = [one["input"].get("order_id") or one["input"]["transfer_id"] for one in LAUNCHES]
    assert len(set(keys)) == len(keys)
