"""The participant protocol as values: what a call says, and every answer that is not a plain "done"."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

ACTION = "action"
COMPENSATION = "compensation"
TWINS = {ACTION: COMPENSATION, COMPENSATION: ACTION}
LARGEST_EPOCH = 2**63 - 1


class AnswerError(Exception):
    """An answer other than "done". `status` is the HTTP status; `retry_after_seconds` None sends no such header."""

    status = 500
    code = "internal"
    retry_after_seconds: int | None = None

    def __init__(self, message: str, *, code: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code or self.code
        self.status = status or self.status

    def as_json(self) -> dict[str, str]:
        return {"error": str(self), "code": self.code}


class MalformedError(AnswerError):
    """The request does not follow the protocol."""

    status, code = 400, "malformed"


class UnknownTargetError(AnswerError):
    """This service has no such action or compensation."""

    status, code = 404, "unknown_path"


class StaleEpochError(AnswerError):
    """A worker that lost its lease is still calling."""

    status, code = 409, "stale_epoch"


class RefusedError(AnswerError):
    """A clear no: nothing was done, and the same call may succeed later."""

    status, code = 422, "refused"


class GoneError(RefusedError):
    """This can never be undone."""

    status, code = 410, "gone"


class LateActionError(RefusedError):
    """The action's compensation was here before it."""

    status, code = 409, "late_action"


class BusyError(AnswerError):
    """The same step is still being worked on."""

    status, code, retry_after_seconds = 425, "in_progress", 1


class AcceptedAnswer(AnswerError):
    """Not done yet, and not refused: the answer comes later. `retry_after_seconds`: when it is worth asking for it."""

    status, code = 202, "accepted"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("accepted")
        self.retry_after_seconds = retry_after_seconds

    def as_json(self) -> dict[str, str]:
        return {"state": "in_progress"}


class UnavailableError(AnswerError):
    """Nothing was done; try again later."""

    status, code, retry_after_seconds = 503, "unavailable", 1


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the orchestrator. `key` names the step and direction, and is the same for every try.

    callback: where an answer that comes later is to be posted; "" when the caller did not say.
    """

    saga_id: str
    step: str
    direction: str
    epoch: int
    input: Any
    callback: str = ""

    @property
    def key(self) -> str:
        return f"{self.saga_id}:{self.step}:{self.direction}"

    @property
    def twin_key(self) -> str:
        """The key of the same step's other direction."""
        return twin_of(self.key)

    @property
    def is_action(self) -> bool:
        return self.direction == ACTION


def twin_of(key: str) -> str:
    step, _, direction = key.rpartition(":")
    if direction not in TWINS:
        raise MalformedError("the key must be <saga>:<step>:<action or compensation>")
    return f"{step}:{TWINS[direction]}"


def read_call(*, headers: Mapping[str, str], body: bytes) -> Call:
    """The call in a request; header names in lower case. Raises MalformedError with what is wrong."""
    return make_call(headers=headers, fields=read_object(body))


def make_call(*, headers: Mapping[str, str], fields: Mapping[str, Any]) -> Call:
    """The same of a body that was read. Raises MalformedError."""
    call = Call(
        saga_id=_name(fields, "saga_id"),
        step=_name(fields, "step"),
        direction=_name(fields, "direction"),
        epoch=_epoch(headers.get("saga-epoch", "")),
        input=fields.get("input"),
        callback=headers.get("saga-callback", ""),
    )
    if call.direction not in TWINS:
        raise MalformedError("direction must be action or compensation")
    if headers.get("idempotency-key") != call.key:
        raise MalformedError("the header Idempotency-Key must be <saga_id>:<step>:<direction> of the body")
    return call


def read_json(text: str | bytes) -> Any:
    """Raises MalformedError, also for NaN, which JSON does not know."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"the body is not JSON: {error}") from error


def read_object(body: bytes) -> dict[str, Any]:
    """A JSON object. Raises MalformedError."""
    value = read_json(body)
    if not isinstance(value, dict):
        raise MalformedError("the body must be a JSON object")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _name(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 255 or not value.isprintable():
        raise MalformedError(f"{name} must be a text of 1 to 255 printable characters")
    return value


def _epoch(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 19 or int(text) > LARGEST_EPOCH:
        raise MalformedError("the header Saga-Epoch must be a whole number, 0 or more")
    return int(text)
