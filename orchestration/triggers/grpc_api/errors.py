"""The REST API's refusals as gRPC statuses with the details of google.rpc."""

from collections.abc import Iterator
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from orchestration.operator_actions import Conflict
from orchestration.triggers.rest.errors import Refused
from sagaconsole_proto.v1 import sagas_pb2 as pb

DOMAIN = "sagaconsole"
CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT, 401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED, 404: grpc.StatusCode.NOT_FOUND, 409: grpc.StatusCode.FAILED_PRECONDITION,
    413: grpc.StatusCode.INVALID_ARGUMENT, 415: grpc.StatusCode.INVALID_ARGUMENT,
    422: grpc.StatusCode.ALREADY_EXISTS, 428: grpc.StatusCode.FAILED_PRECONDITION,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED, 503: grpc.StatusCode.UNAVAILABLE,
}  # fmt: skip
# Clients take 8 KiB of metadata, and the details travel there, with the message in them once more.
MOST_MESSAGE, MOST_FIELDS, MOST_FIELD = 1000, 10, 200
_INTERNAL = "something broke; the log of the gRPC server says what"


def status_of(refused: Refused, *more: Message) -> Any:
    """What `abort_with_status` takes."""
    code, message = CODES[refused.status], refused.message[:MOST_MESSAGE]
    details = [*_details(refused), *more]
    return rpc_status.to_status(Status(code=code.value[0], message=message, details=map(_packed, details)))


def internal() -> Any:
    """For what no caller has caused."""
    info = error_details_pb2.ErrorInfo(reason="INTERNAL", domain=DOMAIN, metadata={"http_status": "500"})
    code = grpc.StatusCode.INTERNAL.value[0]
    return rpc_status.to_status(Status(code=code, message=_INTERNAL, details=[_packed(info)]))


def conflict(error: Conflict) -> tuple[Refused, pb.Conflict]:
    """An act that does not fit: the refusal, and the saga as it stands."""
    saga = error.saga
    return Refused(409, "conflict", error.message), pb.Conflict(
        saga_id=str(saga.pk), status=saga.status, paused=saga.paused, revision=saga.revision,
        changed_by=error.changed_by, last_act=error.last_act,
    )  # fmt: skip


def _details(refused: Refused) -> Iterator[Message]:
    status = {"http_status": str(refused.status)}
    yield error_details_pb2.ErrorInfo(reason=refused.code.upper(), domain=DOMAIN, metadata=status)
    if refused.fields:
        yield error_details_pb2.BadRequest(field_violations=[
            error_details_pb2.BadRequest.FieldViolation(field=place[:MOST_FIELD], description=reason[:MOST_FIELD])
            for place, reason in list(refused.fields.items())[:MOST_FIELDS]
        ])  # fmt: skip
    if refused.retry_after is not None:
        yield error_details_pb2.RetryInfo(retry_delay=Duration(seconds=refused.retry_after))


def _packed(message: Message) -> Packed:
    packed = Packed()
    packed.Pack(message)
    return packed
