"""Definitions, participants and fault rules over REST."""

import json

import pytest

from orchestration.models import AuditEntry, FaultRule, Participant, SagaDefinition

YAML = b"""
name: ship-it            # comments are fine
input_schema: {type: object}
steps:
  - {name: pack, participant: inventory, action: /pack, timeout: 2.5}
"""


def test_publishing_makes_versions(cast, participants, document):
    first = cast.admin.api.post("/definitions", document)
    same = cast.admin.api.post("/definitions", json.dumps(document, indent=3).encode())
    document["title"] = "Changed"
    second = cast.admin.api.post("/definitions", document)
    assert [answer.status_code for answer in (first, same, second)] == [201, 200, 201]
    assert [answer.json()["version"] for answer in (first, same, second)] == [1, 1, 2]


def test_yaml_is_published_as_well(cast, participants):
    answer = cast.admin.api.send("POST", "/definitions", YAML, "application/yaml")
    assert (answer.status_code, answer.json()) == (201, {"name": "ship-it", "version": 1})
    assert cast.viewer.api.get("/definitions/ship-it").json()["document"]["steps"][0]["timeout"] == 2.5


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"colour": 1}, "colour"), ({"steps": []}, "steps"), ({"name": "A"}, "name"),
        ({"input_schema": {"type": "array"}}, "input_schema.type"),
        ({"input_schema": {"type": "object", "$ref": "http://127.0.0.1:9/x"}}, "input_schema.$ref"),
        ({"steps": [{"name": "a", "participant": "nobody", "action": "/x"}]}, "steps[0].participant"),
    ],
)  # fmt: skip
def test_a_wrong_document_is_refused_with_its_place(cast, participants, document, change, field):
    answer = cast.admin.api.post("/definitions", document | change)
    assert answer.status_code == 400
    assert field in answer.json()["error"]["fields"]
    assert not SagaDefinition.objects.exists()


def test_a_document_over_256_kib_is_too_large(cast):
    assert cast.admin.api.post("/definitions", {"name": "x" * 300_000}).status_code == 413


def test_reading_definitions(cast, place_order, document):
    found = cast.viewer.api.get("/definitions").json()
    assert [(one["name"], one["version"]) for one in found["items"]] == [("place-order", 1)]
    one = cast.viewer.api.get("/definitions/place-order").json()
    assert (one["document"], one["version"]) == (document, 1)
    assert one["published_at"]
    assert cast.viewer.api.get("/definitions/place-order/1").json() == one


@pytest.mark.parametrize("path", ["nobody", "place-order/2", "place-order/x", "place-order/" + "9" * 50, "%00", "A B"])
def test_an_unknown_definition_is_not_found(cast, place_order, path):
    assert cast.viewer.api.get(f"/definitions/{path}").status_code == 404


def test_a_definition_with_live_sagas_is_not_retired(cast, place_order):
    cast.operator.api.post("/sagas", {"definition": "place-order", "input": {"order_id": "1"}})
    assert cast.admin.api.delete("/definitions/place-order").status_code == 409


def test_a_retired_definition_launches_nothing(cast, place_order):
    assert cast.admin.api.delete("/definitions/place-order").status_code == 204
    assert cast.admin.api.delete("/definitions/place-order").status_code == 404
    assert cast.viewer.api.get("/definitions/place-order").status_code == 404
    assert cast.viewer.api.get("/definitions/place-order/1").status_code == 200
    launch = cast.operator.api.post("/sagas", {"definition": "place-order", "input": {"order_id": "1"}})
    assert launch.status_code == 404


def test_a_participant_is_added_then_changed(cast):
    body = {"transport": "http", "base_url": "http://127.0.0.1:9", "secret": "s3cret"}
    assert cast.admin.api.put("/participants/orders", body).status_code == 201
    changed = cast.admin.api.put("/participants/orders", body | {"status_path": "/status"})
    assert changed.status_code == 200
    assert changed.json()["has_secret"] is True
    assert "s3cret" not in cast.viewer.api.get("/participants").content.decode()
    assert cast.viewer.api.get("/participants/orders").json() == changed.json()
    assert AuditEntry.objects.filter(act="enrol", granted=True).count() == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"transport": "pigeon"}, "transport"), ({"base_url": "ftp://127.0.0.1"}, "base_url"),
        ({"base_url": "http://example.org"}, "base_url"), ({"base_url": "http://127.0.0.1:99999"}, "base_url"),
        ({"base_url": "http://a@127.0.0.1"}, "base_url"), ({"base_url": "http://[::1"}, "base_url"),
        ({"base_url": ""}, "base_url"), ({"base_url": "http://127.0.0.1/" + "x" * 512}, "base_url"),
        ({"status_path": "x"}, "status_path"), ({"secret": "whsec_!"}, "secret"), ({"colour": 1}, "colour"),
        ({"max_in_flight": 0}, "max_in_flight"), ({"transport": "function"}, "base_url"),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_participant_names_the_field(cast, change, field):
    answer = cast.admin.api.put(
        "/participants/orders", {"transport": "http", "base_url": "http://127.0.0.1:9"} | change
    )
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["error"]["fields"]
    assert not Participant.objects.exists()


@pytest.mark.parametrize("name", ["nobody", "%00", "A"])
def test_an_unknown_participant_is_not_found(cast, name):
    assert cast.viewer.api.get(f"/participants/{name}").status_code == 404


def test_a_fault_rule_comes_and_goes(cast):
    added = cast.admin.api.post("/faults", {"kind": "refuse", "step": "charge-card", "times": 1, "expires_in": 60})
    assert added.status_code == 201
    rule = added.json()["id"]
    assert [one["id"] for one in cast.viewer.api.get("/faults").json()["items"]] == [rule]
    assert cast.admin.api.delete(f"/faults/{rule}").status_code == 204
    assert cast.viewer.api.get("/faults").json()["items"] == []
    assert cast.admin.api.delete("/faults/999999").status_code == 404
    assert cast.admin.api.delete("/faults/x").status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "explode"}, "kind"), ({"expires_in": 901}, "expires_in"), ({"expires_in": 0}, "expires_in"),
        ({"expires_in": None}, "expires_in"), ({"times": 2**40}, "times"), ({"attempts": [0]}, "attempts"),
        ({"attempts": [2**40]}, "attempts"), ({"saga_id": "x"}, "saga_id"), ({"probability": 2}, "probability"),
        ({"step": "x" * 65}, "step"), ({"direction": "up"}, "direction"), ({"colour": 1}, "colour"),
        ({"kind": "delay"}, "delay"), ({"delay": 1e300}, "delay"),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_fault_rule_names_the_field(cast, change, field):
    answer = cast.admin.api.post("/faults", {"kind": "refuse", "expires_in": 60} | change)
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["error"]["fields"]
    assert not FaultRule.objects.exists()


def test_a_participants_limit_is_set_and_kept_when_it_is_left_out(cast, db):
    body = {"transport": "function"}
    api = cast.admin.api
    assert api.put("/participants/orders", body).json()["max_in_flight"] == 1000
    assert api.put("/participants/orders", body | {"max_in_flight": 7}).json()["max_in_flight"] == 7
    assert api.put("/participants/orders", body).json()["max_in_flight"] == 7
    for wrong in (0, -1, 100_001, 1.5, "7", True):
        answer = api.put("/participants/orders", body | {"max_in_flight": wrong})
        assert (answer.status_code, [*answer.json()["error"]["fields"]]) == (400, ["max_in_flight"])


def test_a_participants_timeout_is_set_and_kept_when_it_is_left_out(cast, db):
    body = {"transport": "function"}
    api = cast.admin.api
    assert api.put("/participants/orders", body).json()["timeout"] == 5
    assert api.put("/participants/orders", body | {"timeout": 0.5}).json()["timeout"] == 0.5
    assert api.put("/participants/orders", body).json()["timeout"] == 0.5
    for wrong in (0, 0.01, -1, 3601, "7", True):
        answer = api.put("/participants/orders", body | {"timeout": wrong})
        assert (answer.status_code, [*answer.json()["error"]["fields"]]) == (400, ["timeout"])


def test_a_participant_is_paused_and_resumed_with_a_reason(cast, participants):
    api = cast.operator.api
    paused = api.post("/participants/payments/pause", {"reason": "the bank is down"})
    assert paused.status_code == 200
    told = paused.json()
    assert (told["paused"], told["paused_by"], told["pause_reason"]) == (
        True, cast.operator.actor.name, "the bank is down",
    )  # fmt: skip
    assert (told["circuit"], told["in_flight"], told["waiting"]) == ("closed", 0, 0)
    assert api.post("/participants/payments/resume", {"reason": "it is back"}).json()["paused"] is False
    assert api.post("/participants/payments/pause", {}).status_code == 400
    assert api.post("/participants/payments/pause", {"reason": " "}).status_code == 400
    assert api.post("/participants/nobody/pause", {"reason": "why"}).status_code == 404
    assert cast.viewer.api.post("/participants/payments/pause", {"reason": "why"}).status_code == 403
