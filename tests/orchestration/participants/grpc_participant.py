"""A gRPC participant for tests: it answers as its handlers do, and the handlers see the raw request."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from orchestration.participants.grpc import GrpcTransport
from orchestration.participants.hosts import AllowList
from orchestration.participants.http import HttpParticipant
from orchestration.participants.messages import Answer
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
