"""`sagaconsole.v1.Sagas`: each call is read, done in a thread, and answered; errors leave as rich statuses."""

import logging
from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf.message import Message

from orchestration import rate_limit, tokens
from orchestration.audit import Actor
from orchestration.operator_actions import Conflict, WrongAct
from orchestration.triggers.grpc_api import bulk_calls, calls, errors
from orchestration.triggers.grpc_api.bulk_calls import Unfit
from orchestration.triggers.rest.errors import Refused, refusal_of, too_many, wrong
from orchestration.triggers.threads import DatabaseThreads, DeadlinePassed
from sagaconsole_proto.v1 import sagas_pb2 as pb
from sagaconsole_proto.v1 import sagas_pb2_grpc

logger = logging.getLogger(__name__)
MOST_SECONDS = 60.0
Work = Callable[[Any, Actor], Message]


class Sagas(sagas_pb2_grpc.SagasServicer):
    def __init__(self, threads: DatabaseThreads) -> None:
        self._threads = threads

    async def Launch(self, request: pb.LaunchRequest, context: Any) -> Message:
        return await self._answer(calls.launch, request, context)

    async def Get(self, request: pb.GetRequest, context: Any) -> Message:
        return await self._answer(calls.get, request, context)

    async def List(self, request: pb.ListRequest, context: Any) -> Message:
        return await self._answer(calls.list_sagas, request, context)

    async def Act(self, request: pb.ActRequest, context: Any) -> Message:
        return await self._answer(calls.act, request, context)

    async def Preview(self, request: pb.PreviewRequest, context: Any) -> Message:
        return await self._answer(calls.preview, request, context)

    async def StartBulk(self, request: pb.StartBulkRequest, context: Any) -> Message:
        return await self._answer(bulk_calls.start_bulk, request, context)

    async def GetBulk(self, request: pb.GetBulkRequest, context: Any) -> Message:
        return await self._answer(bulk_calls.get_bulk, request, context)

    async def ListBulks(self, request: pb.ListBulksRequest, context: Any) -> Message:
        return await self._answer(bulk_calls.list_bulks, request, context)

    async def SteerBulk(self, request: pb.SteerBulkRequest, context: Any) -> Message:
        return await self._answer(bulk_calls.steer_bulk, request, context)

    async def _answer(self, work: Work, request: Message, context: Any) -> Message:
        token = _bearer_token(context)
        try:
            return await self._threads.run(lambda: work(request, _actor(token)), seconds=seconds_for(context))
        except DeadlinePassed:
            await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline has passed; nothing was done")
        except Conflict as error:
            await _abort(context, errors.status_of(*errors.conflict(error)))
        except Unfit as error:
            await _abort(context, errors.status_of(error, error.bulk))
        except WrongAct as error:
            await _abort(context, errors.status_of(wrong(error.field, str(error))))
        except Exception as error:  # noqa: BLE001  the border of the process: every error becomes a status
            await _abort(context, _status_of(error))
        raise AssertionError("abort always raises")


def seconds_for(context: Any) -> float:
    """The caller's deadline; who has none, or a far one, must not hold a thread for ever: a few could hold them all."""
    left = context.time_remaining()
    return MOST_SECONDS if left is None else float(min(left, MOST_SECONDS))


def _bearer_token(context: Any) -> str:
    metadata = dict(context.invocation_metadata() or ())
    scheme, _blank, token = str(metadata.get("authorization", "")).partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _actor(token: str) -> Actor:
    """Raises Refused."""
    actor = tokens.authenticate(token, via="grpc") if token else None
    if actor is None:
        raise Refused(401, "unauthorized", "a valid bearer token is needed in the metadata `authorization`")
    if wait := rate_limit.spend(actor):
        raise too_many(wait)
    return actor


def _status_of(error: Exception) -> Any:
    try:
        refused = refusal_of(error)
    except Exception:
        logger.exception("a call broke")
        return errors.internal()
    if refused.status == 503:
        logger.warning("the database cannot be reached: %s", error)
    return errors.status_of(refused)


async def _abort(context: Any, status: Any) -> None:
    await context.abort(status.code, status.details, status.trailing_metadata)
