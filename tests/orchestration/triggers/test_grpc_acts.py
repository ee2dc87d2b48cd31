"""Acts over gRPC: on one saga, on many, what they would do, and what does not fit."""

import json
from typing import Any
from uuid import uuid4

import grpc
import pytest

from orchestration.models import AuditEntry
from sagaconsole_proto.v1 import sagas_pb2 as pb
from tests.cast import Cast
from tests.orchestration.bulk.sets import stuck_sagas, work
from tests.orchestration.scripted import World, define, no, run_until_quiet
from tests.orchestration.triggers.grpc_server import Server, refused, wanted

pytestmark = pytest.mark.slow


def test_an_act_over_grpc_repairs_a_saga(server: Server, people: Cast, engine: World) -> None:
    define("one", "two")
    engine.will("two", no())
    engine.will("one", no(), direction="compensation")
    token = people.operator.token
    saga_id = server.call("Launch", wanted(), token).saga.id
    run_until_quiet()
    stuck = server.call("Get", pb.GetRequest(id=saga_id), token)
    assert (stuck.status, stuck.open_effects[:]) == ("stuck", ["one"])
    act = pb.ActRequest(saga_id=saga_id, act="retry", reason="it is up again", revision=stuck.revision)
    assert server.call("Act", act, token).status == "compensating"
    run_until_quiet()
    assert server.call("Get", pb.GetRequest(id=saga_id), token).status == "compensated"
    row = AuditEntry.objects.get(act="retry")
    assert (row.actor, row.via, row.reason) == ("operator", "grpc", "it is up again")


def test_an_act_that_does_not_fit_says_how_the_saga_stands(server: Server, people: Cast) -> None:
    define("one")
    token = people.operator.token
    saga_id = server.call("Launch", wanted(), token).saga.id
    paused = server.call("Act", pb.ActRequest(saga_id=saga_id, act="pause", reason="wait"), token)
    late = pb.ActRequest(saga_id=saga_id, act="compensate", reason="r", revision=paused.revision - 1)
    code, rich = refused(server, "Act", late, token)
    assert (code, rich["ErrorInfo"].reason) == (grpc.StatusCode.FAILED_PRECONDITION, "CONFLICT")
    stands = pb.Conflict()
    rich["Conflict"].Unpack(stands)
    assert (stands.paused, stands.changed_by, stands.last_act) == (True, "operator", "pause")
    assert AuditEntry.objects.filter(act="compensate", granted=False).count() == 1
    note = pb.ActRequest(saga_id=saga_id, act="note", reason="called the shop")
    assert server.call("Act", note, token).revision == paused.revision


def test_what_an_act_would_do_is_told_before(server: Server, people: Cast, engine: World) -> None:
    saga = str(stuck_sagas(engine, 1)[0].pk)
    asked = pb.PreviewRequest(saga_id=saga, act="retry")
    told = server.call("Preview", asked, people.operator.token)
    assert (told.allowed, told.why_not) == (True, "")
    assert [(call.step, call.direction, json.loads(call.payload_json)) for call in told.calls] == [
        ("two", "action", {"input": {}, "outputs": {"one": {"did": "one"}}})
    ]
    viewed = server.call("Preview", asked, people.viewer.token)
    assert (viewed.allowed, viewed.why_not, viewed.revision) == (False, "you lack the right to retry", told.revision)
    by_rest = people.viewer.api.get(f"/sagas/{saga}/preview", action="retry").json()
    assert (by_rest["why_not"], by_rest["revision"]) == (viewed.why_not, viewed.revision)


def test_a_stuck_saga_is_restarted_on_a_newer_version(server: Server, people: Cast, engine: World) -> None:
    """As over REST, the answer is the saga that takes over."""
    old = stuck_sagas(engine, 1)[0]
    define({"name": "one", "pivot": True}, {"name": "two", "timeout": 9})
    asked = pb.PreviewRequest(saga_id=str(old.pk), act="restart-from", step="two", version=2)
    assert server.call("Preview", asked, people.operator.token).allowed
    act = pb.ActRequest(saga_id=str(old.pk), act="restart-from", reason="mended", step="two", version=2)
    new = server.call("Act", act, people.operator.token)
    assert (new.version, new.restarted_from, new.status) == (2, str(old.pk), "running")
    assert [step.origin_saga_id for step in new.steps] == [str(old.pk), ""]
    left = server.call("Get", pb.GetRequest(id=str(old.pk)), people.viewer.token)
    assert (left.status, left.restarted_as) == ("abandoned", new.id)
    run_until_quiet()
    assert server.call("Get", pb.GetRequest(id=new.id), people.viewer.token).status == "completed"


def test_a_version_goes_with_a_restart_only(server: Server, people: Cast, engine: World) -> None:
    saga = str(stuck_sagas(engine, 1)[0].pk)
    for act, version in (("retry", 1), ("restart-from", 0), ("restart-from", 7)):
        request = pb.ActRequest(saga_id=saga, act=act, reason="r", version=version)
        code, rich = refused(server, "Act", request, people.operator.token)
        assert (code, rich["BadRequest"].field_violations[0].field) == (grpc.StatusCode.INVALID_ARGUMENT, "version")


# -- bulk acts -------------------------------------------------------------------------------------------------------


def bulk(**more: Any) -> pb.StartBulkRequest:
    return pb.StartBulkRequest(act="retry", reason="because", **more)


def test_one_act_on_many_sagas(server: Server, people: Cast, engine: World) -> None:
    sagas, nobody, token = stuck_sagas(engine, 2), str(uuid4()), people.operator.token
    made = server.call("StartBulk", bulk(ids=[*(str(saga.pk) for saga in sagas), nobody]), token)
    assert made.total == 3
    work()
    run_until_quiet()
    first = server.call("GetBulk", pb.GetBulkRequest(id=made.id, limit=2), token)
    assert (first.bulk.status, first.bulk.done, first.bulk.refused, first.bulk.actor) == ("completed", 2, 1, "operator")
    assert [(item.result, item.saga_status) for item in first.items] == [("done", "completed")] * 2
    rest = server.call("GetBulk", pb.GetBulkRequest(id=made.id, cursor=first.next_cursor), token)
    assert [(item.saga_id, item.code, item.saga_status) for item in rest.items] == [(nobody, "not_found", "")]
    assert rest.next_cursor == ""
    assert len(server.call("GetBulk", pb.GetBulkRequest(id=made.id, result="done"), token).items) == 2
    [listed] = server.call("ListBulks", pb.ListBulksRequest(), people.viewer.token).items
    assert (listed.id, json.loads(listed.selection_json)) == (made.id, {"ids": 3})
    assert not listed.HasField("failed_again")
    row = AuditEntry.objects.get(act="bulk")
    assert (row.actor, row.via, row.reason) == ("operator", "grpc", "because")


def test_a_filter_is_that_of_the_list(server: Server, people: Cast, engine: World) -> None:
    stuck_sagas(engine, 3)
    chosen = pb.SagaFilter(status=["stuck", "running"], definition="story")
    assert server.call("StartBulk", bulk(filter=chosen, canary=True), people.operator.token).total == 3


def test_a_bulk_act_is_steered_and_says_how_it_stands(server: Server, people: Cast, engine: World) -> None:
    token = people.operator.token
    made = server.call("StartBulk", bulk(ids=[str(saga.pk) for saga in stuck_sagas(engine, 1)]), token)
    for how, status in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        assert (
            server.call("SteerBulk", pb.SteerBulkRequest(id=made.id, how=how, reason="lunch"), token).status == status
        )
    code, rich = refused(server, "SteerBulk", pb.SteerBulkRequest(id=made.id, how="resume"), token)
    stands = pb.Bulk()
    rich["Bulk"].Unpack(stands)
    assert (code, rich["ErrorInfo"].reason) == (grpc.StatusCode.FAILED_PRECONDITION, "CONFLICT")
    assert (stands.status, stands.total) == ("cancelled", 1)


def test_errors_of_bulk_acts_match_the_rest_codes(server: Server, people: Cast, engine: World) -> None:
    saga, unknown = str(stuck_sagas(engine, 1)[0].pk), str(uuid4())
    wrong, code = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode
    cases: list[tuple[str, Any, grpc.StatusCode, str]] = [
        ("StartBulk", bulk(), wrong, "ids"),
        ("StartBulk", bulk(ids=[saga], filter=pb.SagaFilter(q="x")), wrong, "ids"),
        ("StartBulk", bulk(filter=pb.SagaFilter()), wrong, "filter"),
        ("StartBulk", bulk(filter=pb.SagaFilter(status=["odd"])), wrong, "filter.status"),
        ("StartBulk", bulk(ids=["x"]), wrong, "ids[0]"),
        ("StartBulk", pb.StartBulkRequest(act="restart-from", reason="r", ids=[saga]), wrong, "act"),
        ("StartBulk", pb.StartBulkRequest(act="retry", ids=[saga]), wrong, "reason"),
        ("StartBulk", pb.StartBulkRequest(act="resolve", reason="r", ids=[saga], output_json="{"), wrong, "output"),
        ("GetBulk", pb.GetBulkRequest(id="\0"), wrong, "id"),
        ("GetBulk", pb.GetBulkRequest(id=unknown, limit=-1), wrong, "limit"),
        ("GetBulk", pb.GetBulkRequest(id=unknown, result="odd"), wrong, "result"),
        ("GetBulk", pb.GetBulkRequest(id=unknown), code.NOT_FOUND, ""),
        ("SteerBulk", pb.SteerBulkRequest(id=unknown, how="dance"), wrong, "how"),
        ("SteerBulk", pb.SteerBulkRequest(id=unknown, how="pause"), code.NOT_FOUND, ""),
        ("ListBulks", pb.ListBulksRequest(cursor="?"), wrong, "cursor"),
        ("Preview", pb.PreviewRequest(saga_id=unknown, act="retry"), code.NOT_FOUND, ""),
        ("Preview", pb.PreviewRequest(saga_id=saga, act="dance"), wrong, "act"),
    ]  # fmt: skip
    for method, request, expected, field in cases:
        found, rich = refused(server, method, request, people.operator.token)
        fields = [one.field for one in rich["BadRequest"].field_violations] if "BadRequest" in rich else [""]
        assert (found, fields[0]) == (expected, field), (method, request)
    assert refused(server, "StartBulk", bulk(ids=[saga]), people.viewer.token)[0] is code.PERMISSION_DENIED
