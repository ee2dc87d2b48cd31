"""`sagaconsole.v1.Sagas`: each call is read, done in a thread, and answered; errors leave as rich statuses."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from django.http import QueryDict
from google.protobuf.message import Message

from orchestration import operator_actions, queries, rate_limit, tokens
from orchestration.audit import Actor
from orchestration.operator_actions import Conflict, WrongAct
from orchestration.triggers.grpc_api import errors
from orchestration.triggers.grpc_api.messages import body_of, saga_message
from orchestration.triggers.rest.answers import saga_bodies, saga_body
from orchestration.triggers.rest.errors import Refused, refusal_of, too_many, wrong
from orchestration.triggers.rest.requests import saga_id_of
from orchestration.triggers.starting import start
from orchestration.triggers.threads import DatabaseThreads, DeadlinePassed
from sagaconsole_proto.v1 import sagas_pb2 as pb
from sagaconsole_proto.v1 import sagas_pb2_grpc

logger = logging.getLogger(__name__)
M = TypeVar("M", bound=Message)
Work = Callable[[Any, Actor], Message]


class Sagas(sagas_pb2_grpc.SagasServicer):
    def __init__(self, threads: DatabaseThreads) -> None:
        self._threads = threads

    async def Launch(self, request: pb.LaunchRequest, context: Any) -> Message:
        return await self._answer(_launch, request, context)

    async def Get(self, request: pb.GetRequest, context: Any) -> Message:
        return await self._answer(_get, request, context)

    async def List(self, request: pb.ListRequest, context: Any) -> Message:
        return await self._answer(_list, request, context)

    async def Act(self, request: pb.ActRequest, context: Any) -> Message:
        return await self._answer(_act, request, context)

    async def _answer(self, work: Work, request: Message, context: Any) -> Message:
        token = _bearer_token(context)
        try:
            return await self._threads.run(lambda: work(request, _actor(token)), seconds=context.time_remaining())
        except DeadlinePassed:
            await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline has passed; nothing was done")
        except Conflict as error:
            await _abort(context, errors.status_of(*errors.conflict(error)))
        except WrongAct as error:
            await _abort(context, errors.status_of(wrong(error.field, str(error))))
        except Exception as error:  # noqa: BLE001  the border of the process: every error becomes a status
            await _abort(context, _status_of(error))
        raise AssertionError("abort always raises")


def _launch(request: pb.LaunchRequest, actor: Actor) -> Message:
    actor.must("launch_saga")
    launched = start(body_of(request), trigger="grpc", launched_by=actor.name)
    return pb.LaunchResponse(saga=saga_message(saga_body(launched.saga_id)), created=launched.created)


def _get(request: pb.GetRequest, actor: Actor) -> Message:
    actor.must("view_saga")
    return saga_message(saga_body(saga_id_of(request.id)))


def _list(request: pb.ListRequest, actor: Actor) -> Message:
    actor.must("view_saga")
    given = body_of(request)
    cursor, limit = given.pop("cursor", None), given.pop("limit", queries.DEFAULT_LIMIT)
    if not 1 <= limit <= queries.MAX_LIMIT:
        raise wrong("limit", f"must be 1 to {queries.MAX_LIMIT}, or 0 for {queries.DEFAULT_LIMIT}")
    filters = QueryDict(mutable=True)
    for name, value in given.items():
        filters.setlist(name, value if isinstance(value, list) else [value])
    found = queries.page(queries.filter_sagas(filters), cursor=cursor, limit=limit)
    items = map(saga_message, saga_bodies(found.items))
    return pb.ListResponse(items=items, next_cursor=found.next_cursor or "")


def _act(request: pb.ActRequest, actor: Actor) -> Message:
    said = body_of(request)
    act, reason = said.pop("act", ""), said.pop("reason", "")
    saga_id = saga_id_of(said.pop("saga_id", ""))
    if act == "note":
        saga = operator_actions.note(saga_id=saga_id, actor=actor, text=reason)
    else:
        revision, step = said.pop("revision", None), said.pop("step", None)
        saga = operator_actions.perform(
            act, saga_id=saga_id, actor=actor, reason=reason, revision=revision, step=step, details=said
        )
    return saga_message(saga_body(saga.pk))


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
