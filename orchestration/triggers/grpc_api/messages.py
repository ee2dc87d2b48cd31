"""How sagas become messages, and requests become what the REST API takes as bodies."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import QueryDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from orchestration import strict_json
from orchestration.core.definitions import Problem
from orchestration.strict_json import WrongJSON, find_problems
from orchestration.triggers.rest.errors import problems_found
from sagaconsole_proto.v1 import sagas_pb2 as pb

_compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def saga_message(body: dict[str, Any]) -> pb.Saga:
    """The saga as the REST API shows it, as a message."""
    return pb.Saga(
        id=str(body["id"]), definition=body["definition"], version=body["version"], status=body["status"],
        paused=body["paused"], parked_on=body["parked_on"] or "", business_key=body["business_key"],
        input_json=_compact(body["input"]), steps=map(_step_message, body["steps"]),
        stuck_reason=body["stuck_reason"] or "", revision=body["revision"], open_effects=body["open_effects"],
        created_at=_moment(body["created_at"]), started_at=_moment(body["started_at"]),
        finished_at=_moment(body["finished_at"]), deadline_at=_moment(body["deadline_at"]), overdue=body["overdue"],
        trigger=body["trigger"], launched_by=body["launched_by"], restarted_from=_id(body["restarted_from"]),
        restarted_as=_id(body["restarted_as"]), parent_saga_id=_id(body["parent_saga_id"]),
        parent_step=body["parent_step"] or "",
    )  # fmt: skip


def _step_message(step: dict[str, Any]) -> pb.Step:
    return pb.Step(
        name=step["name"], kind=step["kind"], status=step["status"], in_doubt=step["in_doubt"],
        direction=step["direction"], attempts=step["attempts"], output_json=json_text(step["output"]),
        error_json=json_text(step["error"]), started_at=_moment(step["started_at"]),
        finished_at=_moment(step["finished_at"]), waiting_until=_moment(step["waiting_until"]),
        origin_saga_id=_id(step["origin_saga_id"]), saga=step["saga"] or "", child_saga_id=_id(step["child_saga_id"]),
    )  # fmt: skip


def bulk_message(body: dict[str, Any]) -> pb.Bulk:
    """A bulk act as the REST API shows it, as a message; in lists without what became of its sagas."""
    return pb.Bulk(
        id=str(body["id"]), act=body["act"], step=body["step"], details_json=_compact(body["details"]),
        reason=body["reason"], status=body["status"], canary=body["canary"], halted_because=body["halted_because"],
        total=body["total"], done=body["done"], refused=body["refused"], selection_json=_compact(body["selection"]),
        actor=body["actor"], created_at=_moment(body["created_at"]), started_at=_moment(body["started_at"]),
        finished_at=_moment(body["finished_at"]), failed_again=body.get("failed_again"),
        under_way=body.get("under_way"),
    )  # fmt: skip


def bulk_item_message(body: dict[str, Any]) -> pb.BulkItem:
    return pb.BulkItem(
        saga_id=str(body["id"]), result=body["result"], code=body["code"] or "", error=body["error"] or "",
        saga_status=body["saga_status"] or "", acted_at=_moment(body["acted_at"]),
    )  # fmt: skip


def json_text(value: Any) -> str:
    """Empty when there is nothing."""
    return "" if value is None else _compact(value)


def _id(value: UUID | None) -> str:
    return "" if value is None else str(value)


def _moment(value: datetime | None) -> Timestamp | None:
    if value is None:
        return None
    message = Timestamp()
    message.FromDatetime(value)
    return message


def body_of(request: Message) -> dict[str, Any]:
    """The fields that were given; those that end in `_json` are read, and lose that ending.

    Raises Refused: text that is no JSON, or what no text may hold.
    """
    body, problems = _read(request)
    problems += find_problems(body)
    if problems:
        raise problems_found(problems)
    return body


def _read(request: Message) -> tuple[dict[str, Any], list[Problem]]:
    body: dict[str, Any] = {}
    problems: list[Problem] = []
    for field, value in request.ListFields():
        name = field.name.removesuffix("_json")
        if isinstance(value, Message):
            body[name], inner = _read(value)
            problems += inner
        elif name == field.name:
            body[name] = list(value) if field.is_repeated else value
        else:
            try:
                body[name] = strict_json.loads(value.encode())
            except WrongJSON as error:
                problems += [
                    Problem(f"{name}.{one.place}" if one.place else name, one.reason) for one in error.problems
                ]
    return body, problems


def filters_of(given: dict[str, Any]) -> QueryDict:
    """As `GET /sagas` takes them."""
    filters = QueryDict(mutable=True)
    for name, value in given.items():
        filters.setlist(name, value if isinstance(value, list) else [value])
    return filters
