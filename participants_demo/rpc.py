"""The protocol over gRPC: the same calls, barrier and ledger as over HTTP (views.py)."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from participants_demo import desk, signature
from participants_demo.protocol import AcceptedAnswer, AnswerError, MalformedError, make_call, read_json
from participants_demo.service import Service
from participants_demo.service_settings import PARTICIPANT, PARTICIPANT_SECRET
from sagaconsole_proto.v1 import participant_pb2 as pb

SERVICE = "sagaconsole.v1.Participant"
GRACE_SECONDS = 3
logger = logging.getLogger(__name__)
M = TypeVar("M", bound=Message)
Answering = Callable[[bytes, Any], Awaitable[bytes]]
# Which status says what an HTTP status says; what is not here and below 500 is a refusal.
_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT, 401: grpc.StatusCode.UNAUTHENTICATED, 404: grpc.StatusCode.NOT_FOUND,
    425: grpc.StatusCode.UNAVAILABLE, 503: grpc.StatusCode.UNAVAILABLE, 500: grpc.StatusCode.INTERNAL,
}  # fmt: skip
_CODES_BY_NAME = {"stale_epoch": grpc.StatusCode.ABORTED}
_at_work: set[asyncio.Task[Any]] = set()


async def serve(service: Service, address: str) -> None:
    """Answer at `address` until cancelled."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    handlers = {"Execute": _finishing(_Execute(service)), "Status": _finishing(_status)}
    methods = {name: grpc.unary_unary_rpc_method_handler(one) for name, one in handlers.items()}
    server.add_registered_method_handlers(SERVICE, methods)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
    server.add_insecure_port(address)
    await server.start()
    try:
        await server.wait_for_termination()
    finally:
        await server.stop(GRACE_SECONDS)


def _finishing(answer: Answering) -> Answering:
    """What was begun is finished, also when the caller hangs up: else a timeout would look as if it had never come."""

    async def handle(raw: bytes, context: Any) -> bytes:
        task = asyncio.ensure_future(answer(raw, context))
        _at_work.add(task)
        task.add_done_callback(_at_work.discard)
        try:
            return await asyncio.shield(task)
        except AnswerError as error:
            status = _status_of(error)
        except Exception:  # the border of the process: whatever broke becomes INTERNAL, with the traceback in the log
            logger.exception("a call over gRPC broke")
            status = _status_of(AnswerError("something broke; the log of this participant says what"))
        await context.abort(status.code, status.details, status.trailing_metadata)
        raise AssertionError("abort always raises")

    return handle


class _Execute:
    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, raw: bytes, context: Any) -> bytes:
        headers = {name: value for name, value in context.invocation_metadata() if isinstance(value, str)}
        if PARTICIPANT_SECRET:  # over the bytes as they came: another library may write the same message differently
            signature.check(secret=PARTICIPANT_SECRET, headers=headers, body=raw)
        request = _read(pb.ExecuteRequest, raw)
        fields = {"saga_id": request.saga_id, "step": request.step, "direction": request.direction,
                  "input": read_json(request.input_json or "null")}  # fmt: skip
        try:
            call = make_call(headers=headers, fields=fields)
            output = await desk.do(self._service, "/" + request.method.removeprefix("/"), call)
        except AcceptedAnswer as accepted:
            wait = Duration(seconds=accepted.retry_after_seconds or 0)
            return _bytes(pb.ExecuteResponse(state=pb.ExecuteResponse.STATE_ACCEPTED, retry_after=wait))
        return _bytes(pb.ExecuteResponse(state=pb.ExecuteResponse.STATE_DONE, output_json=output))


async def _status(raw: bytes, _context: Any) -> bytes:
    found = await desk.state_of(_read(pb.StatusRequest, raw).key)
    return _bytes(pb.StatusResponse(
        state="STATE_" + found["state"].upper(),
        output_json=json.dumps(found["output"]) if "output" in found else "",
        error=found.get("error", ""), code=found.get("code", ""),
    ))  # fmt: skip


def _read(kind: type[M], raw: bytes) -> M:
    try:
        return kind.FromString(raw)
    except DecodeError as error:
        raise MalformedError(f"the request is no {kind.DESCRIPTOR.name}") from error


def _bytes(message: Message) -> bytes:
    return message.SerializeToString()


def _status_of(error: AnswerError) -> Any:
    usual = _CODES.get(error.status, grpc.StatusCode.FAILED_PRECONDITION)
    code = _CODES_BY_NAME.get(error.code, usual)
    info = ErrorInfo(reason=error.code.upper(), domain=PARTICIPANT, metadata={"http_status": str(error.status)})
    details = [_packed(info)]
    if error.retry_after_seconds is not None:
        details.append(_packed(RetryInfo(retry_delay=Duration(seconds=error.retry_after_seconds))))
    return rpc_status.to_status(Status(code=code.value[0], message=str(error), details=details))


def _packed(message: Message) -> Packed:
    packed = Packed()
    packed.Pack(message)
    return packed
