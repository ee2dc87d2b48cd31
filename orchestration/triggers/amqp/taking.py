"""What becomes of one start message: a saga, or a dead letter with the reason. No broker is needed here."""

import json
import logging
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction

from orchestration import dead_letters, strict_json
from orchestration.core.definitions import Problem
from orchestration.dead_letters import Letter
from orchestration.launch import Launched
from orchestration.strict_json import WrongJSON
from orchestration.triggers.rest.errors import Refused, problems_found
from orchestration.triggers.starting import start

logger = logging.getLogger(__name__)
TRIGGER = "amqp"
NO_KEY = "is required when the message has no message_id: a message that is delivered twice must make one saga"


@dataclass(frozen=True, slots=True)
class Started:
    """A saga is committed: now the message may be acknowledged."""

    saga_id: UUID
    created: bool

    def reply(self) -> bytes:
        return json.dumps({"saga_id": str(self.saga_id), "created": self.created}).encode()


@dataclass(frozen=True, slots=True)
class Dead:
    """The message is kept for a person. `reason` goes into a header."""

    letter_id: UUID
    reason: str
    code: str
    fields: dict[str, str]

    def reply(self) -> bytes:
        error = {"code": self.code, "message": self.reason, "fields": self.fields}
        return json.dumps({"error": error}).encode()


def take(letter: Letter) -> Started | Dead:
    """Launch, once per key. Raises OperationalError or InterfaceError: the database is away, nothing is known."""
    try:
        launched = launch(letter.body, letter.message_id, letter.sender)
    except Refused as refused:
        return _dead(letter, refused)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("a start message could not be handled")
        return _dead(letter, Refused(500, "internal", f"it could not be handled: {type(error).__name__}"))
    return Started(launched.saga_id, launched.created)


def launch(body: bytes, message_id: str, sender: str) -> Launched:
    """Raises Refused."""
    return start(_message(body, message_id), trigger=TRIGGER, launched_by=sender or TRIGGER)


def given_up(letter: Letter) -> Dead:
    """The broker has delivered the message again and again, and no consumer lived to acknowledge it."""
    return _dead(letter, Refused(500, "given_up", "the broker gave up: consumers died with it, time after time"))


def problems_with(body: bytes, message_id: str) -> list[Problem]:
    """Why the message would be refused; nothing is launched."""
    try:
        with transaction.atomic():
            launch(body, message_id, "")
            transaction.set_rollback(True)
    except Refused as refused:
        return [Problem(place, reason) for place, reason in refused.fields.items()] or [Problem("", refused.message)]
    return []


def _message(body: bytes, message_id: str) -> dict[str, Any]:
    """The message as an object with a key: its own, or the message's id. Raises Refused."""
    try:
        message = strict_json.loads(body)
    except WrongJSON as error:
        raise problems_found(error.problems) from error
    if not isinstance(message, dict):
        raise problems_found([Problem("", "must be a JSON object")])
    if message.get("idempotency_key") is None:
        message["idempotency_key"] = message_id
    if not message["idempotency_key"]:
        raise problems_found([Problem("idempotency_key", NO_KEY)])
    return message


def _dead(letter: Letter, refused: Refused) -> Dead:
    letter_id = dead_letters.keep(letter, refused.message)
    logger.warning("a start message was refused: %s", refused.message)
    return Dead(letter_id, refused.message, refused.code, refused.fields)
