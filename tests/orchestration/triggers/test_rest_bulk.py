"""Bulk acts over REST: what they take, what they answer, who may."""

from typing import Any
from uuid import uuid4

import pytest

from orchestration import tokens
from orchestration.models import AuditEntry, Bulk
from tests.cast import Api, Cast
from tests.orchestration.bulk.sets import stuck_sagas, work
from tests.orchestration.scripted import World, define, run_until_quiet, start


def wanted(**more: Any) -> dict[str, Any]:
    return {"act": "retry", "reason": "because", **more}


def test_from_202_to_the_result_of_each_saga(cast: Cast, engine: World) -> None:
    sagas, api = stuck_sagas(engine, 2), cast.operator.api
    fine = start(define("one", name="other"))
    run_until_quiet()
    answer = api.post("/bulk", wanted(ids=[str(sagas[0].pk), str(fine.pk), str(sagas[1].pk)]))
    assert answer.status_code == 202, answer.content
    made = answer.json()
    assert set(made) == {"id", "total"}
    assert made["total"] == 3
    before = api.get(f"/bulk/{made['id']}").json()
    assert [item["result"] for item in before["items"]] == ["pending"] * 3
    work()
    run_until_quiet()
    after = api.get(f"/bulk/{made['id']}").json()
    assert [(item["id"], item["result"], item["error"]) for item in after["items"]] == [
        (str(sagas[0].pk), "done", None),
        (str(fine.pk), "refused", "the saga has ended: completed"),
        (str(sagas[1].pk), "done", None),
    ]
    known = {name: after[name] for name in ("act", "status", "total", "done", "refused", "failed_again", "under_way")}
    assert known == {
        "act": "retry", "status": "completed", "total": 3, "done": 2, "refused": 1, "failed_again": 0, "under_way": 0,
    }  # fmt: skip
    assert (after["actor"], after["reason"], after["selection"]) == ("operator", "because", {"ids": 3})


def test_a_filter_is_that_of_the_list(cast: Cast, engine: World) -> None:
    sagas = stuck_sagas(engine, 3)
    answer = cast.operator.api.post("/bulk", wanted(filter={"status": ["stuck", "running"], "definition": "story"}))
    assert answer.json()["total"] == len(sagas)
    assert Bulk.objects.get().selection == {"filter": {"status": ["stuck", "running"], "definition": "story"}}


def test_items_are_paged_and_narrowed(cast: Cast, engine: World) -> None:
    ids, api = [str(saga.pk) for saga in stuck_sagas(engine, 3)], cast.operator.api
    at = f"/bulk/{api.post('/bulk', wanted(ids=[*ids, str(uuid4())])).json()['id']}"
    first = api.get(at, limit=3).json()
    assert [item["id"] for item in first["items"]] == ids
    rest = api.get(at, limit=3, cursor=first["next_cursor"]).json()
    assert (len(rest["items"]), rest["next_cursor"]) == (1, None)
    work()
    assert len(api.get(at, result="done").json()["items"]) == 3
    assert [item["code"] for item in api.get(at, result="refused").json()["items"]] == ["not_found"]
    assert len(api.get(at, result="under_way").json()["items"]) == 3
    assert api.get(at, result="failed_again").json()["items"] == []


def test_the_list_is_newest_first_and_without_items(cast: Cast, engine: World) -> None:
    saga = stuck_sagas(engine, 1)[0]
    made = [cast.operator.api.post("/bulk", wanted(ids=[str(saga.pk)])).json()["id"] for _twice in range(2)]
    listed = cast.viewer.api.get("/bulk").json()
    assert [one["id"] for one in listed["items"]] == made[::-1]
    assert "items" not in listed["items"][0]
    assert len(cast.viewer.api.get("/bulk", limit=1).json()["items"]) == 1


@pytest.mark.parametrize("body", [None, {"reason": "lunch"}])
def test_pause_resume_cancel(cast: Cast, engine: World, body: Any) -> None:
    api, saga = cast.operator.api, stuck_sagas(engine, 1)[0]
    at = f"/bulk/{api.post('/bulk', wanted(ids=[str(saga.pk)])).json()['id']}"
    for how, status in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        answer = api.send("POST", f"{at}/{how}", b"" if body is None else body)
        assert (answer.status_code, answer.json()["status"]) == (200, status)
    conflict = api.post(f"{at}/resume", {})
    assert conflict.status_code == 409
    assert (conflict.json()["error"]["code"], conflict.json()["error"]["bulk"]["status"]) == ("conflict", "cancelled")
    assert AuditEntry.objects.filter(act__in=["pause bulk", "resume bulk", "cancel bulk"], via="rest").count() == 4


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason": "x", "ids": [str(uuid4())]}, "act"), ({"act": "retry", "ids": [str(uuid4())]}, "reason"),
        (wanted(), "ids"), (wanted(ids=[str(uuid4())], filter={"q": "x"}), "ids"), (wanted(ids=[]), "ids"),
        (wanted(ids=["no"]), "ids[0]"), (wanted(ids=[7]), "ids[0]"), (wanted(ids="all"), "ids"),
        (wanted(filter={}), "filter"), (wanted(filter={"colour": "red"}), "filter.colour"),
        (wanted(filter={"status": "great"}), "filter.status"), (wanted(filter={"q": 7}), "filter.q"),
        (wanted(filter={"q": ["a", "b"]}), "filter.q"), (wanted(ids=[str(uuid4())], colour="red"), "colour"),
        ({"act": "edit-and-retry", "reason": "x", "ids": [str(uuid4())]}, "act"),
        (wanted(ids=[str(uuid4())], step="No Name"), "step"),
        (wanted(ids=[str(uuid4())], outcome="applied"), "outcome"),
        ({"act": "resolve", "reason": "x", "ids": [str(uuid4())]}, "outcome"),
        ({"act": "abandon", "reason": "x", "ids": [str(uuid4())]}, "confirm"),
        (wanted(ids=[str(uuid4())], canary="yes"), "canary"), (wanted(ids=[str(uuid4())], reason=" "), "reason"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_400_with_its_field(cast: Cast, body: Any, field: str) -> None:
    answer = cast.admin.api.post("/bulk", body)
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["error"]["fields"]
    assert not Bulk.objects.exists()


def test_too_large_is_413(cast: Cast) -> None:
    answer = cast.admin.api.send("POST", "/bulk", b'{"act": "retry", "ids": ["' + b"x" * 4 * 1024 * 1024 + b'"]}')
    assert answer.status_code == 413


def test_who_may(cast: Cast, engine: World) -> None:
    body = wanted(ids=[str(stuck_sagas(engine, 1)[0].pk)])
    at = f"/bulk/{cast.operator.api.post('/bulk', body).json()['id']}"
    for method, path in (("POST", "/bulk"), ("POST", f"{at}/pause"), ("POST", f"{at}/cancel")):
        assert cast.viewer.api.send(method, path, body if path == "/bulk" else {}).status_code == 403
        assert Api(None).send(method, path, {}).status_code == 401
    assert cast.viewer.api.get(at).status_code == 200
    assert cast.stranger.api.get(at).status_code == 403
    assert cast.operator.api.post("/bulk", {**body, "act": "abandon", "confirm": "abandon"}).status_code == 403


def test_a_narrowed_token_does_in_bulk_what_it_may_do_singly(cast: Cast, engine: World) -> None:
    saga = stuck_sagas(engine, 1)[0]
    _token, secret = tokens.issue(user=cast.operator.user, name="narrow", scopes=["view", "pause"])
    body = {"reason": "because", "ids": [str(saga.pk)]}
    assert Api(secret).post("/bulk", {"act": "retry", **body}).status_code == 403
    assert Api(secret).post("/bulk", {"act": "pause", **body}).status_code == 202
    work()
    assert Bulk.objects.get().done == 1


@pytest.mark.parametrize("path", ["/bulk/no", "/bulk/0198f2a0-0000-7000-8000-000000000000"])
def test_an_unknown_one_is_404(cast: Cast, path: str) -> None:
    assert cast.admin.api.get(path).status_code == 404
    assert cast.admin.api.post(f"{path}/pause", {}).status_code == 404


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 10_001}, {"cursor": "x"}, {"result": "fine"}, {"a": "b"}])
def test_wrong_parameters_are_400(cast: Cast, engine: World, query: dict[str, Any]) -> None:
    made = cast.admin.api.post("/bulk", wanted(ids=[str(uuid4())])).json()
    assert cast.admin.api.get(f"/bulk/{made['id']}", **query).status_code == 400
