"""What each call about one saga, or about the list of sagas, does for its caller; in a thread, with the database."""

from google.protobuf.message import Message

from orchestration import operator_actions, queries
from orchestration.audit import Actor
from orchestration.triggers.grpc_api.messages import body_of, filters_of, json_text, saga_message
from orchestration.triggers.rest.answers import saga_bodies, saga_body
from orchestration.triggers.rest.errors import wrong
from orchestration.triggers.rest.requests import saga_id_of
from orchestration.triggers.starting import start
from sagaconsole_proto.v1 import sagas_pb2 as pb


def launch(request: pb.LaunchRequest, actor: Actor) -> Message:
    actor.must("launch_saga")
    launched = start(body_of(request), trigger="grpc", launched_by=actor.name)
    return pb.LaunchResponse(saga=saga_message(saga_body(launched.saga_id)), created=launched.created)


def get(request: pb.GetRequest, actor: Actor) -> Message:
    actor.must("view_saga")
    return saga_message(saga_body(saga_id_of(request.id)))


def list_sagas(request: pb.ListRequest, actor: Actor) -> Message:
    actor.must("view_saga")
    given = body_of(request)
    cursor, limit = given.pop("cursor", None), limit_of(given.pop("limit", 0), queries.DEFAULT_LIMIT, queries.MAX_LIMIT)
    found = queries.search(filters_of(given), cursor=cursor, limit=limit)
    items = map(saga_message, saga_bodies(found.items))
    return pb.ListResponse(items=items, next_cursor=found.next_cursor or "")


def limit_of(given: int, default: int, most: int) -> int:
    """Raises Refused."""
    if not 0 <= given <= most:
        raise wrong("limit", f"must be 1 to {most}, or 0 for {default}")
    return given or default


def act(request: pb.ActRequest, actor: Actor) -> Message:
    said = body_of(request)
    name, reason = said.pop("act", ""), said.pop("reason", "")
    saga_id = saga_id_of(said.pop("saga_id", ""))
    if name == "note":
        saga = operator_actions.note(saga_id=saga_id, actor=actor, text=reason)
    else:
        revision, step = said.pop("revision", None), said.pop("step", None)
        saga = operator_actions.perform(
            name, saga_id=saga_id, actor=actor, reason=reason, revision=revision, step=step, details=said
        )
    new = saga.restarted_as_id if name == "restart-from" else None
    return saga_message(saga_body(new or saga.pk))


def preview(request: pb.PreviewRequest, actor: Actor) -> Message:
    actor.must("view_saga")
    said = body_of(request)
    name, step, saga_id = said.pop("act", ""), said.pop("step", None), saga_id_of(said.pop("saga_id", ""))
    found = operator_actions.preview(name, saga_id=saga_id, actor=actor, step=step, details=said)
    calls = [
        pb.PlannedCall(step=c.step, direction=c.direction, participant=c.participant, payload_json=json_text(c.payload))
        for c in found.calls
    ]
    return pb.PreviewResponse(allowed=found.allowed, why_not=found.why_not, calls=calls, revision=found.revision)
