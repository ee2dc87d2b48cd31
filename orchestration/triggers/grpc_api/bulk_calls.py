"""What each call about bulk acts does for its caller: the doors of the REST API."""

from typing import Any

from google.protobuf.message import Message
from pydantic import ValidationError

from orchestration import bulk as bulk_acts
from orchestration import queries
from orchestration.audit import Actor
from orchestration.bulk import STEERS, OutOfPlace
from orchestration.core.definitions import Problem
from orchestration.queries.bulks import RESULTS
from orchestration.triggers.grpc_api.calls import limit_of
from orchestration.triggers.grpc_api.messages import body_of, bulk_item_message, bulk_message
from orchestration.triggers.rest.bulk_bodies import MAX_ITEMS_SHOWN, BulkIn, bulk_body, bulk_now_body, item_body
from orchestration.triggers.rest.bulk_making import bulk_id_of, make_one
from orchestration.triggers.rest.errors import Refused, place_of, problems_found, reason_of, wrong
from sagaconsole_proto.v1 import sagas_pb2 as pb

# Items have texts, and clients take 4 MiB if they do not say otherwise.
DEFAULT_ITEMS = 1000


class Unfit(Refused):
    """A bulk act that cannot be steered so: the refusal, and the bulk act as it is."""

    def __init__(self, message: str, bulk: pb.Bulk) -> None:
        super().__init__(409, "conflict", message)
        self.bulk = bulk


def start_bulk(request: pb.StartBulkRequest, actor: Actor) -> Message:
    try:
        body = BulkIn.model_validate(body_of(request))
    except ValidationError as error:
        raise problems_found(Problem(place_of(one["loc"]), reason_of(one)) for one in error.errors()) from error
    made = make_one(body, actor)
    return pb.StartBulkResponse(id=str(made.pk), total=made.total)


def get_bulk(request: pb.GetBulkRequest, actor: Actor) -> Message:
    actor.must("view_bulk")
    given: dict[str, Any] = body_of(request)
    result, limit = given.get("result", ""), limit_of(given.get("limit", 0), DEFAULT_ITEMS, MAX_ITEMS_SHOWN)
    if result and result not in RESULTS:
        raise wrong("result", "must be one of " + ", ".join(RESULTS))
    found = queries.bulk_now(bulk_id_of(given.get("id", "")))
    items = queries.page(
        queries.items_of(found.bulk.pk, result), cursor=given.get("cursor"), limit=limit, order=("position",)
    )
    return pb.GetBulkResponse(
        bulk=bulk_message(bulk_now_body(found)), next_cursor=items.next_cursor or "",
        items=[bulk_item_message(item_body(item)) for item in items.items],
    )  # fmt: skip


def list_bulks(request: pb.ListBulksRequest, actor: Actor) -> Message:
    actor.must("view_bulk")
    given = body_of(request)
    limit = limit_of(given.get("limit", 0), queries.DEFAULT_LIMIT, queries.MAX_LIMIT)
    found = queries.page(queries.started_bulks(), cursor=given.get("cursor"), limit=limit)
    items = [bulk_message(bulk_body(bulk)) for bulk in found.items]
    return pb.ListBulksResponse(items=items, next_cursor=found.next_cursor or "")


def steer_bulk(request: pb.SteerBulkRequest, actor: Actor) -> Message:
    given = body_of(request)
    how = given.get("how", "")
    if how not in STEERS:
        raise wrong("how", "must be one of " + ", ".join(STEERS))
    try:
        bulk = bulk_acts.steer(
            how, bulk_id=bulk_id_of(given.get("id", "")), actor=actor, reason=given.get("reason", "")
        )
    except OutOfPlace as error:
        raise Unfit(str(error), bulk_message(bulk_now_body(queries.bulk_now(error.bulk.pk)))) from error
    return bulk_message(bulk_now_body(queries.bulk_now(bulk.pk)))
