"""Every act over REST: its body, its answers, its errors, and the machine-readable description."""

from collections.abc import Callable
from typing import Any

import pytest

from orchestration.models import AuditEntry, Saga
from orchestration.operator_actions import ACTS, note, perform
from orchestration.triggers.rest.api import api
from tests.cast import Cast
from tests.orchestration.operator_actions.stories import stuck_in_doubt, stuck_past_the_pivot, waiting_for_approval
from tests.orchestration.scripted import World, act, define, run_until_quiet, start, steps_of


def launched(_engine: World) -> Saga:
    return start(define("one"))


def paused(engine: World) -> Saga:
    saga = launched(engine)
    return act("pause", saga)


Begin = Callable[[World], Saga]
CASES = [
    pytest.param("retry", stuck_in_doubt, {"step": "two"}, "running", id="retry"),
    pytest.param("compensate", stuck_in_doubt, {}, "compensating", id="compensate"),
    pytest.param("skip", stuck_past_the_pivot, {"step": "two"}, "running", id="skip"),
    pytest.param("resolve", stuck_in_doubt, {"outcome": "applied", "output": [1]}, "running", id="applied"),
    pytest.param("resolve", stuck_in_doubt, {"outcome": "not_applied", "step": "two"}, "stuck", id="not applied"),
    pytest.param("pause", launched, {}, "pending", id="pause"),
    pytest.param("resume", paused, {}, "pending", id="resume"),
    pytest.param("edit-and-retry", stuck_past_the_pivot, {"input": {"qty": 1}}, "running", id="edit-and-retry"),
    pytest.param("abandon", stuck_in_doubt, {"confirm": "ID"}, "abandoned", id="abandon"),
    pytest.param("approve", waiting_for_approval, {"outcome": "approved"}, "running", id="approved"),
    pytest.param("approve", waiting_for_approval, {"outcome": "rejected"}, "compensating", id="rejected"),
]


def body(saga: Saga, details: dict[str, Any], **more: Any) -> dict[str, Any]:
    said = {name: str(saga.pk) if value == "ID" else value for name, value in details.items()}
    return {"reason": "because", **said, **more}


@pytest.mark.parametrize(("name", "begin", "details", "status"), CASES)
def test_granted_it_answers_with_the_saga_as_it_then_stands(
    cast: Cast, engine: World, name: str, begin: Begin, details: dict[str, Any], status: str
) -> None:
    saga = begin(engine)
    foreseen = cast.admin.api.get(f"/sagas/{saga.pk}/preview", action=name).json()
    assert (foreseen["allowed"], foreseen["why_not"]) == (True, None)
    answer = cast.admin.api.post(f"/sagas/{saga.pk}/{name}", body(saga, details, revision=foreseen["revision"]))
    assert answer.status_code == 200, answer.content
    assert (answer.json()["status"], answer.json()["id"]) == (status, str(saga.pk))
    assert answer.json()["revision"] > foreseen["revision"]
    assert AuditEntry.objects.filter(act=name, granted=True, via="rest", actor="admin").count() == 1


@pytest.mark.parametrize(("name", "begin", "details", "status"), CASES)
def test_on_an_old_revision_it_is_refused_with_who_did_what(
    cast: Cast, engine: World, name: str, begin: Begin, details: dict[str, Any], status: str
) -> None:
    saga = begin(engine)
    perform("resume" if name == "resume" else "pause", saga_id=saga.pk, actor=cast.operator.actor, reason="me first")
    answer = cast.admin.api.post(f"/sagas/{saga.pk}/{name}", body(saga, details, revision=saga.revision))
    assert answer.status_code == 409, answer.content
    error = answer.json()["error"]
    assert (error["code"], error["changed_by"]) == ("conflict", "operator")
    assert error["last_act"] in ("pause", "resume")
    assert error["saga"]["paused"] is (name != "resume")
    assert AuditEntry.objects.filter(act=name, granted=False, actor="admin").count() == 1


@pytest.mark.parametrize(("name", "begin", "details", "status"), CASES)
def test_without_the_right_it_is_forbidden_and_changes_nothing(
    cast: Cast, engine: World, name: str, begin: Begin, details: dict[str, Any], status: str
) -> None:
    saga = begin(engine)
    assert cast.viewer.api.get(f"/sagas/{saga.pk}/preview", action=name).json()["allowed"] is False
    before = cast.viewer.api.get(f"/sagas/{saga.pk}").json()
    assert cast.viewer.api.post(f"/sagas/{saga.pk}/{name}", body(saga, details)).status_code == 403
    assert cast.viewer.api.get(f"/sagas/{saga.pk}").json() == before
    assert AuditEntry.objects.get(act=name, actor="viewer").granted is False


@pytest.mark.parametrize(
    ("name", "wrong", "field"),
    [
        ("pause", {"step": "one"}, "step"),
        ("compensate", {"outcome": "applied"}, "outcome"),
        ("retry", {"input": {}}, "input"),
        ("resolve", {}, "outcome"),
        ("resolve", {"outcome": "perhaps"}, "outcome"),
        ("resolve", {"outcome": "not_applied", "output": 1}, "output"),
        ("edit-and-retry", {}, "input"),
        ("edit-and-retry", {"input": None}, "input"),
        ("edit-and-retry", {"input": "x" * 300_000}, "input"),
        ("abandon", {}, "confirm"),
        ("abandon", {"confirm": "yes"}, "confirm"),
        ("abandon", {"confirm": True}, "confirm"),
        ("approve", {"outcome": "applied"}, "outcome"),
        ("approve", {"outcome": "approved", "by": "me"}, "by"),
        ("approve", {"outcome": "approved", "step": "nobody"}, "step"),
        ("notes", {}, "text"),
        ("notes", {"text": " "}, "text"),
        ("notes", {"text": "x" * 4001}, "text"),
        ("notes", {"text": "x", "reason": "y"}, "reason"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_wrong_body_names_its_field_and_changes_nothing(
    cast: Cast, engine: World, name: str, wrong: dict[str, Any], field: str
) -> None:
    saga = launched(engine)
    said = wrong if name == "notes" else {"reason": "because", **wrong}
    answer = cast.admin.api.post(f"/sagas/{saga.pk}/{name}", said)
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["error"]["fields"]
    assert Saga.objects.get(pk=saga.pk).journal_length == 1


def test_an_output_of_a_mebibyte_is_taken_and_a_body_beyond_4_is_too_large(cast: Cast, engine: World) -> None:
    saga = stuck_in_doubt(engine)
    answer = cast.admin.api.post(f"/sagas/{saga.pk}/resolve", body(saga, {"outcome": "applied", "output": "x" * 2**22}))
    assert answer.status_code == 413
    output = "x" * (2**20 - 2)
    answer = cast.admin.api.post(f"/sagas/{saga.pk}/resolve", body(saga, {"outcome": "applied", "output": output}))
    assert answer.status_code == 200
    assert answer.json()["steps"][1]["output"] == output


@pytest.mark.parametrize("name", [*ACTS, "notes"])
@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b'{"reason": NaN}', b'{"reason": "a", "reason": "b"}', b"\xff"])
def test_no_body_makes_the_server_stumble(cast: Cast, engine: World, name: str, raw: bytes) -> None:
    saga = launched(engine)
    assert cast.admin.api.post(f"/sagas/{saga.pk}/{name}", raw).status_code == 400


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "action"), ({"action": "explode"}, "action"), ({"action": "pause", "step": "one"}, "step"),
        ({"action": "retry", "step": "nobody"}, "step"), ({"action": "pause", "outcome": "approved"}, "outcome"),
        ({"action": "resolve", "outcome": "approved"}, "outcome"), ({"action": "resolve", "outcome": "x"}, "outcome"),
        ({"action": "retry", "colour": "red"}, "colour"),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_preview_names_the_parameter(cast: Cast, engine: World, query: dict[str, str], field: str) -> None:
    saga = launched(engine)
    answer = cast.viewer.api.get(f"/sagas/{saga.pk}/preview", **query)
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["error"]["fields"]


def test_a_preview_of_a_rejection_names_the_undos(cast: Cast, engine: World) -> None:
    saga = waiting_for_approval(engine)
    found = cast.operator.api.get(f"/sagas/{saga.pk}/preview", action="approve", outcome="rejected", step="ok").json()
    assert [(call["step"], call["direction"], call["participant"]) for call in found["calls"]] == [
        ("one", "compensation", "scripted"),
    ]  # fmt: skip
    assert steps_of(saga)["ok"] == "waiting"


def test_an_ended_saga_takes_notes_and_nothing_else(cast: Cast, engine: World) -> None:
    saga = launched(engine)
    run_until_quiet()
    answer = cast.operator.api.post(f"/sagas/{saga.pk}/notes", {"text": "the customer is content"})
    assert (answer.status_code, answer.json()["status"]) == (200, "completed")
    last = cast.viewer.api.get(f"/sagas/{saga.pk}/events").json()["items"][-1]
    assert (last["kind"], last["actor"], last["reason"]) == ("note", "operator", "the customer is content")
    answer = cast.operator.api.post(f"/sagas/{saga.pk}/compensate", {"reason": "too late"})
    assert (answer.status_code, answer.json()["error"]["message"]) == (409, "the saga has ended: completed")
    assert cast.viewer.api.post(f"/sagas/{saga.pk}/notes", {"text": "me too"}).status_code == 403


def test_kinds_and_waits_are_shown(cast: Cast, engine: World) -> None:
    saga = waiting_for_approval(engine, timeout=3600)
    shown = cast.viewer.api.get(f"/sagas/{saga.pk}").json()
    assert [step["kind"] for step in shown["steps"]] == ["call", "approval", "call"]
    assert [step["waiting_until"] is not None for step in shown["steps"]] == [False, True, False]
    assert (shown["overdue"], shown["steps"][1]["attempts"]) == (False, 0)


def test_open_effects_and_outputs_follow_an_operators_word(cast: Cast, engine: World) -> None:
    saga = stuck_in_doubt(engine)
    assert cast.viewer.api.get(f"/sagas/{saga.pk}").json()["open_effects"] == ["one", "two"]
    cast.operator.api.post(f"/sagas/{saga.pk}/resolve", body(saga, {"outcome": "not_applied"}))
    assert cast.viewer.api.get(f"/sagas/{saga.pk}").json()["open_effects"] == ["one"]


def test_every_act_is_described_with_its_own_body(cast: Cast) -> None:
    document = api.get_openapi_schema()
    for name in [*ACTS, "notes"]:
        described = document["paths"][f"/api/v1/sagas/{{saga_id}}/{name}"]["post"]
        schema = described["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        fields = document["components"]["schemas"][schema]
        details = {"text"} if name == "notes" else {detail.name for detail in ACTS[name].details}
        common = set() if name == "notes" else {"reason", "revision", *(["step"] if ACTS[name].takes_step else [])}
        assert set(fields["properties"]) == details | common
        assert fields["additionalProperties"] is False
        refusals = {"400", "401", "403", "404", "429"} | (set() if name == "notes" else {"409"})
        granted = {"201" if name == "restart-from" else "200"}
        assert granted | refusals <= {str(status) for status in described["responses"]}


def test_notes_count_for_no_revision(cast: Cast, engine: World) -> None:
    saga = launched(engine)
    note(saga_id=saga.pk, actor=cast.operator.actor, text="seen")
    answer = cast.operator.api.post(f"/sagas/{saga.pk}/pause", {"reason": "x", "revision": saga.revision})
    assert answer.status_code == 200
