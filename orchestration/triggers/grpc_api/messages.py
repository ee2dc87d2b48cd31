"""How sagas become messages, and requests become what the REST API takes as bodies."""

import json
from datetime import datetime
from typing import Any

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
        trigger=body["trigger"], launched_by=body["launched_by"],
    )  # fmt: skip


def _step_message(step: dict[str, Any]) -> pb.Step:
    return pb.Step(
        name=step["name"], kind=step["kind"], status=step["status"], in_doubt=step["in_doubt"],
        direction=step["direction"], attempts=step["attempts"], output_json=_json(step["output"]),
        error_json=_json(step["error"]), started_at=_moment(step["started_at"]),
        finished_at=_moment(step["finished_at"]), waiting_until=_moment(step["waiting_until"]),
    )  # fmt: skip


def _json(value: Any) -> str:
    return "" if value is None else _compact(value)


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
    body: dict[str, Any] = {}
    problems: list[Problem] = []
    for field, value in request.ListFields():
        name, is_json = field.name.removesuffix("_json"), field.name.endswith("_json")
        try:
            body[name] = strict_json.loads(value.encode()) if is_json else list(value) if field.is_repeated else value
        except WrongJSON as error:
            problems += [Problem(f"{name}.{one.place}" if one.place else name, one.reason) for one in error.problems]
    problems += find_problems(body)
    if problems:
        raise problems_found(problems)
    return body
