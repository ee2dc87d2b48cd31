"""What each answer of a gRPC participant means: the same table as over HTTP, by gRPC's codes."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from orchestration.participants.call import call
from orchestration.participants.grpc import GrpcTransport
from orchestration.participants.hosts import AllowList
from orchestration.participants.http import HttpParticipant
from orchestration.participants.messages import Answer, Command, Outcome
from participants_demo import signature
from sagaconsole.embedded.ports import free_port
from sagaconsole_proto.v1 import participant_pb2 as pb
from tests.orchestration.participants.test_http import command

Code = grpc.StatusCode
Handler = Callable[[bytes, Any], Awaitable[Any]]
DONE = pb.ExecuteResponse(state=pb.ExecuteResponse.STATE_DONE, output_json='{"ref": 1}')
NAN, HUGE = '{"n": NaN}', '"' + "x" * 1_100_000 + '"'


@asynccontextmanager
async def participant(
    execute: Handler, status: Handler | None = None, secret: str = ""
) -> AsyncIterator[GrpcTransport]:
    """A participant on a free port, and the transport that calls it. The handlers see the raw request."""
    server = grpc.aio.server()
    handlers = {"Execute": execute} | ({"Status": status} if status else {})
    methods = {
        name: grpc.unary_unary_rpc_method_handler(one, response_serializer=lambda said: said.SerializeToString())
        for name, one in handlers.items()
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("sagaconsole.v1.Participant", methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    known = HttpParticipant(f"grpc://127.0.0.1:{port}", "Status" if status else "", secret)
    transport = GrpcTransport(AllowList(["127.0.0.1"]), lambda _name: known, "http://console.test")
    try:
        yield transport
    finally:
        await transport.close()
        await server.stop(0)


def send(execute: Handler, status: Handler | None = None, **more: Any) -> Answer:
    async def go() -> Answer:
        async with participant(execute, status) as transport:
            return await transport.send(command(**more))

    return asyncio.run(go())


def answering(response: Message) -> Handler:
    async def handler(_raw: bytes, _context: Any) -> Message:
        return response

    return handler


def failing(code: grpc.StatusCode, message: str = "no", reason: str = "", retry_after: int | None = None) -> Handler:
    async def handler(_raw: bytes, context: Any) -> None:
        details: list[Message] = [ErrorInfo(reason=reason, domain="test")] if reason else []
        if retry_after is not None:
            details.append(RetryInfo(retry_delay=Duration(seconds=retry_after)))
        status = rpc_status.to_status(Status(code=code.value[0], message=message, details=map(packed, details)))
        await context.abort(status.code, status.details, status.trailing_metadata if details else ())

    return handler


def packed(message: Message) -> Packed:
    one = Packed()
    one.Pack(message)
    return one


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        pytest.param(answering(DONE), Outcome.SUCCEEDED, id="OK and done is done"),
        pytest.param(answering(pb.ExecuteResponse(state="STATE_DONE")), Outcome.SUCCEEDED, id="no output is done"),
        pytest.param(answering(pb.ExecuteResponse(state="STATE_ACCEPTED")), Outcome.ACCEPTED, id="accepted"),
        pytest.param(answering(pb.ExecuteResponse()), Outcome.IN_DOUBT, id="no state is an invalid answer"),
        pytest.param(
            answering(pb.ExecuteResponse(state="STATE_DONE", output_json=NAN)), Outcome.IN_DOUBT, id="NaN is invalid"
        ),
        pytest.param(
            answering(pb.ExecuteResponse(state="STATE_DONE", output_json=HUGE)), Outcome.IN_DOUBT,
            id="more than 1 MiB is an invalid answer",
        ),
        pytest.param(failing(Code.FAILED_PRECONDITION), Outcome.REFUSED, id="FAILED_PRECONDITION is refused"),
        pytest.param(failing(Code.INVALID_ARGUMENT), Outcome.REFUSED, id="INVALID_ARGUMENT is refused"),
        pytest.param(failing(Code.NOT_FOUND), Outcome.REFUSED, id="NOT_FOUND is refused"),
        pytest.param(failing(Code.PERMISSION_DENIED), Outcome.REFUSED, id="PERMISSION_DENIED is refused"),
        pytest.param(failing(Code.UNIMPLEMENTED), Outcome.REFUSED, id="UNIMPLEMENTED is refused"),
        pytest.param(failing(Code.ABORTED, reason="LATE_ACTION"), Outcome.REFUSED, id="another ABORTED is refused"),
        pytest.param(failing(Code.ABORTED, reason="STALE_EPOCH"), Outcome.STALE_EPOCH, id="ABORTED as stale"),
        pytest.param(failing(Code.UNAVAILABLE, reason="BUSY"), Outcome.TRY_LATER, id="UNAVAILABLE with words: later"),
        pytest.param(failing(Code.UNAVAILABLE, retry_after=2), Outcome.TRY_LATER, id="UNAVAILABLE with a time: later"),
        pytest.param(failing(Code.RESOURCE_EXHAUSTED, reason="QUOTA"), Outcome.TRY_LATER, id="RESOURCE_EXHAUSTED"),
        pytest.param(failing(Code.UNAVAILABLE), Outcome.IN_DOUBT, id="a bare UNAVAILABLE may come from anywhere"),
        pytest.param(failing(Code.RESOURCE_EXHAUSTED), Outcome.IN_DOUBT, id="so may a bare RESOURCE_EXHAUSTED"),
        pytest.param(failing(Code.INTERNAL, reason="INTERNAL"), Outcome.IN_DOUBT, id="INTERNAL is in doubt"),
        pytest.param(failing(Code.UNKNOWN), Outcome.IN_DOUBT, id="UNKNOWN is in doubt"),
        pytest.param(failing(Code.DEADLINE_EXCEEDED), Outcome.IN_DOUBT, id="DEADLINE_EXCEEDED is in doubt"),
        pytest.param(failing(Code.CANCELLED), Outcome.IN_DOUBT, id="CANCELLED is in doubt"),
        pytest.param(failing(Code.DATA_LOSS), Outcome.IN_DOUBT, id="DATA_LOSS is in doubt"),
    ],
)  # fmt: skip
def test_what_an_answer_means(handler: Handler, outcome: Outcome) -> None:
    assert send(handler).outcome is outcome


def test_a_refusal_keeps_the_participants_words() -> None:
    answer = send(failing(Code.FAILED_PRECONDITION, "card over its limit", "CARD_LIMIT"))
    assert answer.error == {"message": "card over its limit", "code": "card_limit", "status": "FAILED_PRECONDITION"}


@pytest.mark.parametrize(("direction", "for_ever"), [("action", False), ("compensation", True)])
def test_gone_can_never_be_undone(direction: str, for_ever: bool) -> None:
    answer = send(failing(Code.FAILED_PRECONDITION, reason="GONE"), direction=direction)
    assert (answer.outcome, answer.for_ever) == (Outcome.REFUSED, for_ever)


def test_retry_info_is_honoured() -> None:
    answer = send(failing(Code.UNAVAILABLE, reason="BUSY", retry_after=7))
    assert answer.retry_after == timedelta(seconds=7)


def test_a_call_past_its_time_is_in_doubt() -> None:
    async def handler(_raw: bytes, _context: Any) -> None:
        await asyncio.Event().wait()

    answer = send(handler, timeout=0.2)
    assert (answer.outcome, answer.error and answer.error["code"]) == (Outcome.IN_DOUBT, "deadline_exceeded")


def test_what_is_sent_and_how_it_is_signed() -> None:
    seen: list[Any] = []

    async def handler(raw: bytes, context: Any) -> Message:
        headers = {name: value for name, value in context.invocation_metadata() if isinstance(value, str)}
        signature.check(secret="shared", headers=headers, body=raw)
        seen.extend([pb.ExecuteRequest.FromString(raw), headers])
        return DONE

    sent = command(target="charge", direction="compensation", input={"n": 9007199254740993}, output={"ref": "é"})

    async def go() -> Answer:
        async with participant(handler, secret="shared") as transport:
            return await transport.send(sent)

    assert asyncio.run(go()) == Answer(Outcome.SUCCEEDED, {"ref": 1})
    request, headers = seen
    assert (request.method, request.direction, request.step, request.attempt) == ("charge", "compensation", "one", 1)
    assert json.loads(request.input_json) == {"n": 9007199254740993}
    assert json.loads(request.output_json) == {"ref": "é"}
    assert (headers["idempotency-key"], headers["saga-epoch"]) == (sent.key, "7")
    assert headers["saga-callback"].startswith("http://console.test/api/v1/callbacks/")


def test_an_output_that_nobody_knows_is_absent() -> None:
    seen: list[pb.ExecuteRequest] = []

    async def handler(raw: bytes, _context: Any) -> Message:
        seen.append(pb.ExecuteRequest.FromString(raw))
        return DONE

    send(handler, direction="compensation")
    assert not seen[0].HasField("output_json")


# -- connections ----------------------------------------------------------------------------------------------------


def unreachable(base_url: str, allowed: str = "127.0.0.1", **more: Any) -> Answer:
    async def go() -> Answer:
        known = HttpParticipant(base_url, "", "")
        transport = GrpcTransport(AllowList([allowed]), lambda _name: known, "http://console.test")
        try:
            return await transport.send(command(**more))
        finally:
            await transport.close()

    return asyncio.run(go())


def test_a_refused_connection_is_not_sent_and_says_why() -> None:
    answer = unreachable(f"grpc://127.0.0.1:{free_port()}")
    assert answer.outcome is Outcome.NOT_SENT
    assert answer.error is not None
    assert "onnection refused" in answer.error["message"]


def test_a_host_that_is_not_allowed_is_not_called() -> None:
    answer = unreachable("grpc://127.0.0.1:1", allowed="10.0.0.0/8")
    assert (answer.outcome, answer.error) == (
        Outcome.NOT_SENT, {"message": "127.0.0.1 is not an allowed host", "code": "host"},
    )  # fmt: skip


def test_a_connection_that_breaks_after_the_request_leaves_doubt() -> None:
    """Through a proxy that cuts both ends when the request has arrived."""
    ends: list[asyncio.StreamWriter] = []

    async def handler(_raw: bytes, _context: Any) -> None:
        for end in ends:
            end.transport.abort()
        await asyncio.Event().wait()

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)

    async def go() -> Answer:
        async with participant(handler) as transport:
            real = transport._participant("")
            port = urlsplit(real.base_url).port

            async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                there, back = await asyncio.open_connection("127.0.0.1", port)
                ends.extend([writer, back])
                await asyncio.gather(pipe(reader, back), pipe(there, writer), return_exceptions=True)

            async with await asyncio.start_server(forward, "127.0.0.1", 0) as proxy:
                real.base_url = f"grpc://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
                return await transport.send(command(timeout=10))

    answer = asyncio.run(go())
    assert (answer.outcome, answer.error and answer.error["status"]) == (Outcome.IN_DOUBT, "UNAVAILABLE")


def test_calls_share_one_connection() -> None:
    peers: set[str] = set()

    async def handler(_raw: bytes, context: Any) -> Message:
        peers.add(context.peer())
        return DONE

    async def go() -> None:
        async with participant(handler) as transport:
            await asyncio.gather(*(transport.send(command()) for _number in range(20)))

    asyncio.run(go())
    assert len(peers) == 1


# -- the status ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("DONE", Outcome.SUCCEEDED), ("REFUSED", Outcome.REFUSED), ("IN_PROGRESS", Outcome.IN_PROGRESS),
     ("ABSENT", Outcome.ABSENT), ("COMPENSATED", Outcome.UNDONE), ("UNSPECIFIED", None)],
)  # fmt: skip
def test_what_status_says(state: str, outcome: Outcome | None) -> None:
    async def go() -> Answer | None:
        said = pb.StatusResponse(state="STATE_" + state, output_json="5")
        async with participant(answering(DONE), answering(said)) as transport:
            return await transport.ask(command())

    answer = asyncio.run(go())
    assert (answer.outcome if answer else None) is outcome


def test_a_participant_without_status_is_not_asked_and_one_that_fails_tells_nothing() -> None:
    async def go(status: Handler | None) -> Answer | None:
        async with participant(answering(DONE), status) as transport:
            return await transport.ask(command())

    assert asyncio.run(go(None)) is None
    assert asyncio.run(go(failing(Code.INTERNAL))) is None


def test_in_doubt_is_settled_by_asking() -> None:
    async def go() -> Answer:
        said = answering(pb.StatusResponse(state="STATE_DONE", output_json='{"ref": 2}'))

        async def nothing(_command: Command) -> None:
            return None

        async with participant(failing(Code.UNAVAILABLE), said) as transport:
            return await call(command(), transport, nothing)

    answer = asyncio.run(go())
    assert (answer.outcome, answer.output) == (Outcome.SUCCEEDED, {"ref": 2})


# -- TLS and the fork ------------------------------------------------------------------------------------------------


def test_grpcs_trusts_the_authority_of_the_settings_and_nobody_else(tmp_path: Path, settings: Any) -> None:
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
            "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]  # fmt: skip
    subprocess.run(make, cwd=tmp_path, check=True, capture_output=True)

    async def go() -> Answer:
        server = grpc.aio.server()
        pair = ((tmp_path / "key.pem").read_bytes(), (tmp_path / "cert.pem").read_bytes())
        handler = grpc.unary_unary_rpc_method_handler(
            answering(DONE), response_serializer=lambda said: said.SerializeToString()
        )
        services = grpc.method_handlers_generic_handler("sagaconsole.v1.Participant", {"Execute": handler})
        server.add_generic_rpc_handlers((services,))
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
        await server.start()
        known = HttpParticipant(f"grpcs://localhost:{port}", "", "")
        transport = GrpcTransport(AllowList(["localhost"]), lambda _name: known, "http://console.test")
        try:
            return await transport.send(command())
        finally:
            await transport.close()
            await server.stop(0)

    assert asyncio.run(go()).outcome is Outcome.NOT_SENT
    settings.SAGA_PARTICIPANT_CA = str(tmp_path / "cert.pem")
    assert asyncio.run(go()).outcome is Outcome.SUCCEEDED


def test_a_worker_has_not_even_loaded_grpc_before_it_forks() -> None:
    program = (
        "import django, sys; django.setup(); import orchestration.jobs, orchestration.management.commands.work; "
        "sys.exit(any(name.split('.')[0] in ('grpc', 'aio_pika') for name in sys.modules))"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "sagaconsole.settings"}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0
