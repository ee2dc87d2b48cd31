"""Sagas over REST: launch, list, look at, act on."""

from typing import Any
from uuid import uuid4

import pytest

from orchestration.models import AuditEntry, Saga
from orchestration.operator_actions import perform

ORDER = {"definition": "place-order", "input": {"order_id": "o-1", "qty": 2}}
pytestmark = pytest.mark.usefixtures("place_order")


def order(number: int, **more: Any) -> dict[str, Any]:
    return {"definition": "place-order", "input": {"order_id": f"o-{number}"}, **more}


@pytest.fixture
def saga(cast):
    return cast.operator.api.post("/sagas", ORDER).json()


def test_a_launch_answers_with_the_saga(cast):
    answer = cast.operator.api.post("/sagas", ORDER)
    assert answer.status_code == 201
    saga = answer.json()
    assert saga["definition"] == "place-order"
    assert (saga["version"], saga["status"], saga["business_key"]) == (1, "pending", "o-1")
    assert (saga["input"], saga["trigger"], saga["open_effects"]) == (ORDER["input"], "rest", [])
    assert [step["status"] for step in saga["steps"]] == ["due", "pending"]


def test_a_saga_has_every_field_of_the_contract(cast, saga):
    assert set(saga) >= {
        "id", "definition", "version", "status", "paused", "parked_on", "business_key", "input", "steps",
        "stuck_reason", "revision", "open_effects", "created_at", "started_at", "finished_at", "trigger",
    }  # fmt: skip
    assert set(saga["steps"][0]) >= {
        "name", "status", "in_doubt", "direction", "attempts", "output", "error", "started_at", "finished_at",
    }  # fmt: skip
    assert cast.viewer.api.get(f"/sagas/{saga['id']}").json() == saga


def test_the_same_key_and_body_give_the_same_saga(cast):
    first = cast.operator.api.post("/sagas", ORDER, Idempotency_Key="k")
    again = cast.operator.api.post("/sagas", ORDER, Idempotency_Key="k")
    other = cast.operator.api.post("/sagas", order(2), Idempotency_Key="k")
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 422)
    assert first.json()["id"] == again.json()["id"]
    assert other.json()["error"]["code"] == "key_reused"
    assert Saga.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (order(1, input={"qty": 2}), 400, "input.order_id"),
        (order(1, input={"order_id": "o", "qty": 0}), 400, "input.qty"),
        (order(1, input=[]), 400, "input"),
        (order(1, business_key=""), 400, "business_key"),
        (order(1, business_key="k" * 256), 400, "business_key"),
        (order(1, version="1"), 400, "version"),
        (order(1, version=2**70), 400, "version"),
        (order(1, colour="red"), 400, "colour"),
        (order(1, definition="nobody"), 404, None),
        (order(1, version=7), 404, None),
        ({"input": {}}, 400, "definition"),
        (order(1, input={"order_id": "x" * 300_000}), 413, "input"),
        ([], 400, "body"),
        ("text", 400, "body"),
    ],
)
def test_a_wrong_launch_names_the_field_and_stores_nothing(cast, body, status, field):
    answer = cast.operator.api.post("/sagas", body)
    assert answer.status_code == status, answer.content
    if field:
        assert field in answer.json()["error"]["fields"]
    assert not Saga.objects.exists()


def test_an_overlong_idempotency_key_is_refused(cast):
    answer = cast.operator.api.post("/sagas", ORDER, Idempotency_Key="k" * 256)
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["error"]["fields"]


def test_each_item_of_a_batch_is_on_its_own(cast):
    items = [
        order(1),
        order(2, idempotency_key="k"),
        order(3, idempotency_key="k"),
        {"definition": 7},
        order(4, definition="x"),
    ]
    answer = cast.operator.api.post("/sagas/batch", {"items": items})
    assert answer.status_code == 200
    results = answer.json()["items"]
    assert [result["status"] for result in results] == [201, 201, 422, 400, 400]
    assert results[1]["saga"]["business_key"] == "o-2"
    assert "input" in results[3]["error"]["fields"]
    again = cast.operator.api.post("/sagas/batch", {"items": items[1:2]}).json()["items"][0]
    assert (again["status"], again["saga"]["id"]) == (200, results[1]["saga"]["id"])


@pytest.mark.parametrize("items", [None, [], "x", [{}] * 1001])
def test_a_batch_holds_1_to_1000_items(cast, items):
    assert cast.operator.api.post("/sagas/batch", {"items": items}).status_code == 400


def test_the_list_is_newest_first_and_paged(cast):
    ids = [cast.operator.api.post("/sagas", order(n)).json()["id"] for n in range(5)]
    first = cast.viewer.api.get("/sagas", limit=3).json()
    second = cast.viewer.api.get("/sagas", limit=3, cursor=first["next_cursor"]).json()
    assert [saga["id"] for saga in first["items"] + second["items"]] == ids[::-1]
    assert second["next_cursor"] is None


def test_the_list_is_filtered(cast):
    for number in (1, 2):
        cast.operator.api.post("/sagas", order(number))
    found = cast.viewer.api.get("/sagas", business_key="o-2", status="pending", definition="place-order").json()
    assert [saga["business_key"] for saga in found["items"]] == ["o-2"]


@pytest.mark.parametrize(
    "query",
    [
        {"colour": "red"}, {"status": "sad"}, {"cursor": "x"}, {"cursor": "WzFd"}, {"limit": "0"}, {"limit": "201"},
        {"limit": "ten"}, {"created_after": "yesterday"}, {"created_before": "2026-01-01T00:00:00"}, {"q": "\0"},
        {"definition": "A B"}, {"limit": "9" * 5000}, {"business_key": "x" * 256}, {"definition": ["a", "b"]},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_parameter_is_refused_by_name(cast, query):
    answer = cast.viewer.api.get("/sagas", **query)
    assert answer.status_code == 400, answer.content
    assert set(answer.json()["error"]["fields"]) == set(query)


def test_journal_and_attempts_are_lists(cast, saga):
    events = cast.viewer.api.get(f"/sagas/{saga['id']}/events").json()
    assert events["items"][0]["kind"] == "launched"
    assert events["items"][0]["moves"] == [{"step": "reserve-stock", "from": "pending", "to": "due"}]
    assert cast.viewer.api.get(f"/sagas/{saga['id']}/attempts").json() == {"items": [], "next_cursor": None}


def test_an_act_answers_with_the_saga_as_it_then_stands(cast, saga):
    answer = cast.operator.api.post(f"/sagas/{saga['id']}/pause", {"reason": "stock count"})
    assert answer.status_code == 200
    assert answer.json()["paused"] is True
    assert AuditEntry.objects.filter(act="pause", granted=True, via="rest", actor="operator").count() == 1


def test_an_act_on_an_old_revision_shows_the_present_state_and_who_changed_it(cast, saga):
    perform("pause", saga_id=saga["id"], actor=cast.admin.actor, reason="me first")
    answer = cast.operator.api.post(f"/sagas/{saga['id']}/resume", {"reason": "late", "revision": saga["revision"]})
    assert answer.status_code == 409
    error = answer.json()["error"]
    assert (error["code"], error["changed_by"], error["saga"]["paused"]) == ("conflict", "admin", True)
    assert Saga.objects.get().paused


def test_an_act_that_does_not_fit_changes_nothing(cast, saga):
    answer = cast.operator.api.post(f"/sagas/{saga['id']}/skip", {"reason": "why not"})
    assert answer.status_code == 409
    assert answer.json()["error"]["saga"]["id"] == saga["id"]
    assert AuditEntry.objects.filter(act="skip", granted=False).count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"), ({"reason": ""}, "reason"), ({"reason": " "}, "reason"), ({"reason": "x" * 1001}, "reason"),
        ({"reason": "x", "revision": "1"}, "revision"), ({"reason": "x", "step": "nobody"}, "step"),
        ({"reason": "x", "colour": 1}, "colour"), ({"reason": 7}, "reason"),
    ],
)  # fmt: skip
def test_a_wrong_act_names_the_field(cast, saga, body, field):
    answer = cast.operator.api.post(f"/sagas/{saga['id']}/retry", body)
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["error"]["fields"]


def test_a_preview_says_which_calls_follow(cast, saga):
    answer = cast.operator.api.get(f"/sagas/{saga['id']}/preview", action="compensate")
    assert answer.status_code == 200
    assert answer.json()["allowed"] is True
    assert answer.json()["revision"] == saga["revision"]
    assert cast.operator.api.get(f"/sagas/{saga['id']}/preview", action="explode").status_code == 400
    assert cast.viewer.api.get(f"/sagas/{saga['id']}/preview", action="pause").json()["allowed"] is False


@pytest.mark.parametrize("saga_id", ["nonsense", "%00", uuid4(), "1" * 5000, "batch"])
def test_an_unknown_saga_is_not_found(cast, saga_id):
    for path in ("", "/events", "/attempts", "/preview?action=pause"):
        assert cast.viewer.api.get(f"/sagas/{saga_id}{path}").status_code in (404, 405)
    assert cast.operator.api.post(f"/sagas/{saga_id}/pause", {"reason": "x"}).status_code in (404, 405)


def test_an_unknown_act_is_not_found(cast, saga):
    assert cast.operator.api.post(f"/sagas/{saga['id']}/explode", {"reason": "x"}).status_code == 404
