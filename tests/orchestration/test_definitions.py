"""Definition documents: what is refused and where, versions, and two who publish at once."""

import copy
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from orchestration.core.definitions import WrongDefinition
from orchestration.definitions import (
    DefinitionInUse,
    DocumentTooLarge,
    UnknownContentType,
    compiled_definition,
    input_validator,
    load_document,
    publish_definition,
    retire_definition,
)
from orchestration.launch import launch
from orchestration.models import AuditEntry, DefinitionStep, Participant, SagaDefinition
from orchestration.participants.function import participant_function


def places(error: pytest.ExceptionInfo[WrongDefinition]) -> list[str]:
    return [problem.place for problem in error.value.problems]


@participant_function("definitions-test-noop")
def noop(command: Any) -> None:
    return None


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        pytest.param(b"a: 1\na: 2", "line 2, column 1: the key 'a' stands here twice", id="doubled key"),
        pytest.param(b"a: &x [1]\nb: *x", "line 1, column 4: anchors", id="anchor"),
        pytest.param(b"a: *x", "line 1, column 4: anchors", id="alias"),
        pytest.param(b"a: !!python/object/apply:os.system [x]", "line 1, column 4: tags", id="tag"),
        pytest.param(b"a: ! 1", "line 1, column 4: tags", id="bare tag"),
        pytest.param(b"<<: {a: 1}", "merge keys", id="merge key"),
        pytest.param(b"%TAG ! tag:x,2000:\n---\na: 1", "directives", id="directive"),
        pytest.param(b"a: 1\n---\nb: 2", "only one document", id="two documents"),
        pytest.param(b"? [a]\n: 1", "keys must be text", id="list as key"),
        pytest.param(b"a: [1", "not YAML", id="broken"),
        pytest.param(b"a: \xff", "not UTF-8", id="not UTF-8"),
        pytest.param(b"a: " + b"[" * 500 + b"]" * 500, "nested too deeply", id="deep"),
        pytest.param(b"- a", "must be an object", id="a list"),
        pytest.param(b"", "must be an object", id="empty"),
    ],
)
def test_yaml_is_read_strictly(raw, said):
    with pytest.raises(WrongDefinition, match=said):
        load_document(raw, "application/yaml")


def test_yaml_has_the_types_of_json():
    raw = b"{a: 010, b: 1.5, c: true, d: no, e: 2026-01-01, f: 1:30, g: ~, h: '7', i: 0x1F}"
    assert load_document(raw, "application/yaml; charset=utf-8") == {
        "a": 10, "b": 1.5, "c": True, "d": "no", "e": "2026-01-01", "f": "1:30", "g": None, "h": "7", "i": "0x1F",
    }  # fmt: skip


def test_a_document_is_json_or_yaml_of_256_kib():
    with pytest.raises(UnknownContentType):
        load_document(b"{}", "text/html")
    with pytest.raises(DocumentTooLarge):
        load_document(b" " * (256 * 1024 + 1), "application/json")
    with pytest.raises(WrongDefinition, match="stands here more than once"):
        load_document(b'{"a": 1, "a": 2}', "application/json")


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "array"}, "input_schema.type"),
        ({}, "input_schema.type"),
        ({"type": "object", "$schema": "http://json-schema.org/draft-07/schema#"}, "input_schema.$schema"),
        ({"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:9/"}}}, "input_schema.properties.a.$ref"),
        ({"type": "object", "properties": {"a": {"$ref": "other.json"}}}, "input_schema.properties.a.$ref"),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}}, "input_schema.properties.a.$ref"),
        ({"type": "object", "properties": {"a": {"$id": "http://127.0.0.1:9/"}}}, "input_schema.properties.a.$id"),
        ({"type": "object", "properties": {"a": {"type": "text"}}}, "input_schema.properties.a.type"),
        ({"type": "object", "properties": {"a": {"pattern": "("}}}, "input_schema.properties.a.pattern"),
        ({"type": "object", "properties": {"a": {"pattern": "a{9999999999}"}}}, "input_schema.properties.a.pattern"),
        ({"type": "object", "$ref": "#"}, "input_schema"),
    ],
    ids=str,
)
def test_a_wrong_schema_is_refused_with_its_place(cast, participants, document, schema, place):
    with pytest.raises(WrongDefinition) as error:
        publish_definition(document=document | {"input_schema": schema}, actor=cast.admin.actor)
    assert places(error) == [place]
    assert not SagaDefinition.objects.exists()


def test_a_schema_that_explodes_is_stopped(cast, participants, document):
    defs = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)} | {"d60": {}}
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": defs}
    published = publish_definition(document=document | {"input_schema": schema}, actor=cast.admin.actor)
    problems = input_validator(published.definition.pk)({"a": 1})
    assert [problem.place for problem in problems] == [""]


def test_unknown_participants_and_functions_are_refused_with_their_places(cast, participants, document):
    Participant.objects.create(name="local", transport="function")
    document["steps"] += [
        {"name": "a", "participant": "nobody", "action": "/x"},
        {"name": "b", "participant": "local", "action": "definitions-test-noop", "compensation": "unheard-of"},
        {"name": "c", "participant": "inventory", "action": "no-slash"},
    ]
    with pytest.raises(WrongDefinition) as error:
        publish_definition(document=document, actor=cast.admin.actor)
    assert places(error) == ["steps[2].participant", "steps[3].compensation", "steps[4].action"]


def test_a_function_that_jmespath_does_not_have_is_refused_with_its_place(cast, participants, document):
    document["steps"][1]["payload"] = "{sum: summ(input.qty)}"
    document["steps"][0]["when"] = "to_number(no_such(input.qty)) > `1`"
    with pytest.raises(WrongDefinition) as wrong:
        publish_definition(document=document, actor=cast.admin.actor)
    assert [problem.place for problem in wrong.value.problems] == ["steps[0].when", "steps[1].payload"]
    assert "no_such" in str(wrong.value)


@pytest.mark.parametrize("value", ["\0", "\ud800", float("nan"), 2**64, object()])
def test_what_json_cannot_hold_is_refused(cast, participants, document, value):
    with pytest.raises(WrongDefinition) as error:
        publish_definition(document=document | {"title": value}, actor=cast.admin.actor)
    assert places(error) == ["title"]


def test_a_changed_document_is_the_next_version(cast, participants, document):
    first = publish_definition(document=document, actor=cast.admin.actor)
    reordered = dict(reversed(copy.deepcopy(document).items()))
    same = publish_definition(document=reordered, actor=cast.admin.actor)
    second = publish_definition(document=document | {"deadline": 60}, actor=cast.admin.actor)
    assert (first.created, same.created, second.created) == (True, False, True)
    assert (first.definition.version, same.definition, second.definition.version) == (1, first.definition, 2)
    assert DefinitionStep.objects.filter(definition=second.definition).count() == 2
    assert AuditEntry.objects.filter(act="publish", granted=True).count() == 2


def test_a_published_version_never_changes(cast, place_order):
    with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
        SagaDefinition.objects.filter(pk=place_order.pk).update(document={})
    assert compiled_definition(place_order.pk).steps[1].name == "charge-card"
    assert compiled_definition(place_order.pk) is compiled_definition(place_order.pk)


@pytest.mark.parametrize("person", ["viewer", "operator", "stranger"])
def test_only_the_admin_publishes_and_retires(cast, place_order, document, person):
    actor = getattr(cast, person).actor
    with pytest.raises(PermissionDenied):
        publish_definition(document=document, actor=actor)
    with pytest.raises(PermissionDenied):
        retire_definition(name="place-order", actor=actor)
    assert AuditEntry.objects.filter(actor=person, granted=False).count() == 2


def test_a_definition_with_live_sagas_is_not_retired(cast, place_order):
    launch(definition="place-order", saga_input={"order_id": "1"}, trigger="test", launched_by="test")
    with pytest.raises(DefinitionInUse, match="1 live saga"):
        retire_definition(name="place-order", actor=cast.admin.actor)


def test_a_retired_name_can_be_published_again(cast, place_order, document):
    assert retire_definition(name="place-order", actor=cast.admin.actor) == 1
    with pytest.raises(SagaDefinition.DoesNotExist):
        retire_definition(name="place-order", actor=cast.admin.actor)
    assert publish_definition(document=document, actor=cast.admin.actor).definition.version == 2


@pytest.mark.parametrize(
    ("schema", "value", "place"),
    [
        ({"required": ["a"]}, {}, "input.a"),
        ({"additionalProperties": False}, {"x": 1}, "input.x"),
        ({"properties": {"a": {"items": {"type": "string"}}}}, {"a": ["x", 1]}, "input.a[1]"),
        ({"properties": {"a": {"format": "date"}}}, {"a": "2026-02-30"}, "input.a"),
        ({"properties": {"a": {"format": "date-time"}}}, {"a": "2026-01-01T00:00:00"}, "input.a"),
        ({"properties": {"a": {"format": "uuid"}}}, {"a": "x"}, "input.a"),
        ({}, [], "input"),
        ({}, {"a": "\0"}, "input.a"),
        ({}, {"a": "x" * 300_000}, "input"),
    ],
    ids=str,
)
def test_a_wrong_input_is_told_by_its_field(cast, participants, document, schema, value, place):
    document["input_schema"] = {"type": "object", **schema}
    published = publish_definition(document=document, actor=cast.admin.actor)
    assert [problem.place for problem in input_validator(published.definition.pk)(value)] == [place]


@pytest.mark.parametrize("moment", ["2026-01-01T00:00:00Z", "2026-01-01t00:00:00.5+03:00", "2016-12-31T23:59:60Z"])
def test_a_time_by_rfc_3339_is_accepted(cast, participants, document, moment):
    document["input_schema"] = {"type": "object", "properties": {"a": {"format": "date-time"}}}
    published = publish_definition(document=document, actor=cast.admin.actor)
    assert input_validator(published.definition.pk)({"a": moment}) == []


@pytest.mark.django_db(transaction=True)
def test_two_who_publish_at_once_make_two_versions(cast, participants, document):
    start = Barrier(2)

    def publish(title: str) -> int:
        try:
            start.wait()
            return publish_definition(document=document | {"title": title}, actor=cast.admin.actor).definition.version
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        versions = list(pool.map(publish, ["one", "two"]))
    assert sorted(versions) == [1, 2]
