"""The gRPC way in: the same sagas, rights and errors as over REST."""

import json
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import psycopg
import pytest
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from orchestration.models import ApiToken, Saga
from orchestration.triggers.grpc_api.service import seconds_for
from sagaconsole_proto.v1 import sagas_pb2 as pb
from tests.cast import Cast
from tests.orchestration.real_processes import database_url
from tests.orchestration.scripted import define, run_until_quiet
from tests.orchestration.triggers.grpc_server import Server, refused, wanted

pytestmark = pytest.mark.slow
KEY_IN_USE = """
INSERT INTO orchestration_launchkey (definition_name, key, fingerprint, saga_id)
VALUES ('story', 'k', '', gen_random_uuid())
"""


# -- launch, get, list ---------------------------------------------------------------------------------------------


def test_a_saga_launched_by_grpc_runs_to_its_end_and_shows_its_trigger(server: Server, people: Cast) -> None:
    define("one", "two")
    token = people.operator.token
    launched = server.call("Launch", wanted(business_key="B-1", input_json='{"n": 9007199254740993}'), token)
    assert launched.created
    run_until_quiet()
    saga = server.call("Get", pb.GetRequest(id=launched.saga.id), token)
    assert (saga.status, saga.trigger, saga.launched_by, saga.business_key) == ("completed", "grpc", "operator", "B-1")
    assert json.loads(saga.input_json) == {"n": 9007199254740993}  # a double would be one off
    assert [(step.name, step.status, step.output_json) for step in saga.steps] == [
        ("one", "succeeded", '{"did":"one"}'), ("two", "succeeded", '{"did":"two"}'),
    ]  # fmt: skip
    assert saga.finished_at.ToDatetime() >= saga.created_at.ToDatetime()


def test_the_same_key_gives_the_same_saga_over_both_ways_in(server: Server, people: Cast) -> None:
    define("one")
    first = server.call("Launch", wanted(idempotency_key="k"), people.operator.token)
    again = server.call("Launch", wanted(idempotency_key="k"), people.operator.token)
    by_rest = people.operator.api.post("/sagas", {"definition": "story", "input": {"n": 1}}, Idempotency_Key="k")
    assert (first.created, again.created, by_rest.status_code) == (True, False, 200)
    assert {first.saga.id, again.saga.id, by_rest.json()["id"]} == {str(Saga.objects.get().pk)}


def test_lists_are_filtered_and_paged(server: Server, people: Cast) -> None:
    define("one")
    ids = [server.call("Launch", wanted(business_key=f"B-{n}"), people.operator.token).saga.id for n in range(3)]
    first = server.call("List", pb.ListRequest(limit=2, status=["pending", "running"]), people.viewer.token)
    rest = server.call("List", pb.ListRequest(limit=2, cursor=first.next_cursor), people.viewer.token)
    assert [saga.id for saga in [*first.items, *rest.items]] == ids[::-1]
    assert rest.next_cursor == ""
    found = server.call("List", pb.ListRequest(business_key="B-1"), people.viewer.token)
    assert [saga.id for saga in found.items] == [ids[1]]


# -- errors match the REST codes ------------------------------------------------------------------------------------


def test_errors_match_the_rest_codes(server: Server, people: Cast) -> None:
    define("one", input_schema={"type": "object", "properties": {"n": {"type": "integer", "maximum": 9}}})
    token, code = people.operator.token, grpc.StatusCode
    server.call("Launch", wanted(idempotency_key="k"), token)
    other = wanted(idempotency_key="k", input_json='{"n": 2}')
    unknown = pb.GetRequest(id="00000000-0000-7000-8000-000000000000")
    cases: list[tuple[str, Any, str | None, grpc.StatusCode, str, int]] = [
        ("Launch", wanted(), None, code.UNAUTHENTICATED, "UNAUTHORIZED", 401),
        ("Launch", wanted(), "saga_wrong", code.UNAUTHENTICATED, "UNAUTHORIZED", 401),
        ("Launch", wanted(), people.viewer.token, code.PERMISSION_DENIED, "FORBIDDEN", 403),
        ("Launch", pb.LaunchRequest(definition="none", input_json="{}"), token, code.NOT_FOUND, "NOT_FOUND", 404),
        ("Launch", other, token, code.ALREADY_EXISTS, "KEY_REUSED", 422),
        ("Launch", wanted(input_json="[]"), token, code.INVALID_ARGUMENT, "INVALID", 400),
        ("Launch", wanted(input_json="{"), token, code.INVALID_ARGUMENT, "INVALID", 400),
        ("Launch", wanted(business_key="a\0b"), token, code.INVALID_ARGUMENT, "INVALID", 400),
        ("Launch", wanted(version=-1), token, code.INVALID_ARGUMENT, "INVALID", 400),
        ("Launch", wanted(input_json=json.dumps({"s": "x" * 300_000})), token, code.INVALID_ARGUMENT, "TOO_LARGE", 413),
        ("Get", unknown, token, code.NOT_FOUND, "NOT_FOUND", 404),
        ("Get", pb.GetRequest(id="\0"), token, code.NOT_FOUND, "NOT_FOUND", 404),
        ("List", pb.ListRequest(cursor="?"), token, code.INVALID_ARGUMENT, "INVALID", 400),
        ("List", pb.ListRequest(status=["odd"]), token, code.INVALID_ARGUMENT, "INVALID", 400),
        ("List", pb.ListRequest(limit=201), token, code.INVALID_ARGUMENT, "INVALID", 400),
        ("Act", pb.ActRequest(saga_id=unknown.id, act="retry", reason="r"), token, code.NOT_FOUND, "NOT_FOUND", 404),
        ("Act", pb.ActRequest(saga_id=unknown.id, act="dance"), token, code.INVALID_ARGUMENT, "INVALID", 400),
    ]  # fmt: skip
    for method, request, given, expected, reason, status in cases:
        found, rich = refused(server, method, request, given)
        assert (found, rich["ErrorInfo"].reason) == (expected, reason), (method, request)
        assert rich["ErrorInfo"].metadata["http_status"] == str(status)


def test_a_token_has_its_rate_here_too(server: Server, people: Cast) -> None:
    ApiToken.objects.filter(user=people.viewer.user).update(per_minute=1)
    server.call("List", pb.ListRequest(), people.viewer.token)
    code, rich = refused(server, "List", pb.ListRequest(), people.viewer.token)
    assert (code, rich["ErrorInfo"].reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED")
    assert rich["RetryInfo"].retry_delay.seconds > 0


def test_wrong_fields_are_named(server: Server, people: Cast) -> None:
    define("one", input_schema={"type": "object", "properties": {"n": {"type": "integer", "maximum": 9}}})
    request = wanted(input_json='{"n": 10}', idempotency_key="")
    _code, rich = refused(server, "Launch", request, people.operator.token)
    assert "idempotency_key" in {violation.field for violation in rich["BadRequest"].field_violations}
    _code, rich = refused(server, "Launch", wanted(input_json='{"n": 10}'), people.operator.token)
    assert {v.field: v.description for v in rich["BadRequest"].field_violations} == {
        "input.n": "10 is greater than the maximum of 9"
    }


def test_many_problems_fit_into_what_a_client_takes(server: Server, people: Cast) -> None:
    names = [f"{'x' * 150}-{n}" for n in range(60)]
    define("one", input_schema={"type": "object", "properties": {one: {"type": "integer"} for one in names}})
    given = wanted(input_json=json.dumps(dict.fromkeys(names, "é" * 500)))
    code, rich = refused(server, "Launch", given, people.operator.token)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert rich["BadRequest"].field_violations


# -- deadlines, health, reflection -----------------------------------------------------------------------------------


def test_a_deadline_ends_the_wait_and_nothing_is_launched(server: Server, people: Cast) -> None:
    """The first launch with the key is still in its transaction, so the second one waits for it."""
    define("one")
    with psycopg.connect(database_url()) as busy:
        busy.execute(KEY_IN_USE)
        with pytest.raises(grpc.RpcError) as caught:
            server.call("Launch", wanted(idempotency_key="k"), people.operator.token, seconds=0.5)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        while busy.execute(waiting).fetchone():
            busy.execute("SELECT pg_stat_clear_snapshot()")
        busy.rollback()
    assert not Saga.objects.exists()
    assert server.call("Launch", wanted(idempotency_key="k"), people.operator.token).created


@pytest.mark.parametrize(("left", "given"), [(None, 60.0), (3600.0, 60.0), (0.5, 0.5), (-1.0, -1.0)])
def test_no_call_holds_a_thread_for_ever(left: float | None, given: float) -> None:
    assert seconds_for(SimpleNamespace(time_remaining=lambda: left)) == given


def test_clients_that_open_calls_and_say_nothing_keep_nobody_out(server: Server, people: Cast) -> None:
    """Each of their connections has as many calls open as it may; another client is served at once."""
    define("one")
    with ExitStack() as stack:
        for _client in range(3):
            open_calls(stack, server, 50)
        assert server.call("Launch", wanted(), people.operator.token).created


def open_calls(stack: ExitStack, server: Server, count: int) -> None:
    """Calls whose request never comes."""
    never = threading.Event()
    stack.callback(never.set)
    channel = stack.enter_context(server.channel())
    method = channel.stream_unary("/sagaconsole.v1.Sagas/Launch")
    for _call in range(count):
        call = method.future(iter(never.wait, True), timeout=60)
        stack.callback(call.cancel)


def test_health_says_that_it_serves(server: Server) -> None:
    with server.channel() as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for service in ("", "sagaconsole.v1.Sagas"):
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_a_client_built_only_from_reflection_finds_and_calls_the_services(server: Server, people: Cast) -> None:
    define("one")
    with server.channel() as channel:
        found = ProtoReflectionDescriptorDatabase(channel)
        assert {"sagaconsole.v1.Sagas", "grpc.health.v1.Health"} <= set(found.get_services())
        pool = descriptor_pool.DescriptorPool(found)
        service = pool.FindServiceByName("sagaconsole.v1.Sagas")
        assert {method.name for method in service.methods} == {
            "Launch",
            "Get",
            "List",
            "Act",
            "Preview",
            "StartBulk",
            "GetBulk",
            "ListBulks",
            "SteerBulk",
        }

        def call(name: str, request: dict[str, Any]) -> dict[str, Any]:
            method = service.FindMethodByName(name)
            kinds = [message_factory.GetMessageClass(one) for one in (method.input_type, method.output_type)]
            rpc = channel.unary_unary(
                f"/{service.full_name}/{name}",
                request_serializer=kinds[0].SerializeToString, response_deserializer=kinds[1].FromString,
            )  # fmt: skip
            answer = rpc(
                json_format.ParseDict(request, kinds[0]()), timeout=10,
                metadata=(("authorization", f"Bearer {people.operator.token}"),),
            )  # fmt: skip
            return dict(json_format.MessageToDict(answer))

        launched = call("Launch", {"definition": "story", "inputJson": "{}"})["saga"]
        assert call("Get", {"id": launched["id"]})["trigger"] == "grpc"
        assert [saga["id"] for saga in call("List", {})["items"]] == [launched["id"]]
        assert call("Act", {"sagaId": launched["id"], "act": "pause", "reason": "a look"})["paused"] is True


def test_the_generated_code_is_current(tmp_path: Path) -> None:
    """`make proto` would change nothing."""
    root = Path(__file__).parents[3]
    protos = sorted(str(path.relative_to(root)) for path in (root / "sagaconsole_proto" / "v1").glob("*.proto"))
    out = [f"--{kind}_out={tmp_path}" for kind in ("python", "pyi", "grpc_python")]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", "-I.", *out, *protos], cwd=root, check=True)
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*_pb2*"))
    assert len(made) == 3 * len(protos)
    for path in made:
        assert (tmp_path / path).read_text() == (root / path).read_text(), f"{path}: run `make proto`"
