"""Every error leaves as `{"error": {"code", "message", "fields"?}}`; here is which exception becomes which status."""

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from orchestration.core.definitions import Problem, WrongDefinition
from orchestration.definitions import DefinitionInUse, DocumentTooLarge, UnknownContentType
from orchestration.enrolment import WrongParticipant
from orchestration.faults import WrongRule
from orchestration.models import (
    Bulk,
    DefinitionDraft,
    FaultRule,
    Participant,
    Saga,
    SagaDefinition,
    WebhookDelivery,
    WebhookEndpoint,
)
from orchestration.queries import WrongCursor, WrongFilter
from orchestration.strict_json import WrongJSON

logger = logging.getLogger(__name__)


@dataclass
class Refused(Exception):
    """A request that the API refuses by itself. `fields`: place -> reason. `retry_after`: seconds."""

    status: int
    code: str
    message: str
    fields: dict[str, str] = field(default_factory=dict)
    retry_after: int | None = None


def wrong(place: str, reason: str) -> Refused:
    """400 for one field."""
    return problems_found([Problem(place, reason)])


def problems_found(problems: Iterable[Problem], *, status: int = 400, code: str = "invalid") -> Refused:
    """One refusal for all problems; those of the same place are joined."""
    fields: dict[str, str] = {}
    for problem in problems:
        place = problem.place or "body"
        fields[place] = f"{fields[place]}; {problem.reason}" if place in fields else problem.reason
    message = "; ".join(f"{place}: {reason}" for place, reason in list(fields.items())[:3])
    return Refused(status, code, message, fields)


def envelope(refused: Refused, **more: Any) -> JsonResponse:
    error: dict[str, Any] = {"code": refused.code, "message": refused.message, **more}
    if refused.fields:
        error["fields"] = refused.fields
    response = JsonResponse({"error": error}, status=refused.status)
    if refused.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if refused.retry_after is not None:
        response["Retry-After"] = str(refused.retry_after)
    return response


def too_many(seconds: float) -> Refused:
    """429: the token has to wait so long."""
    wait = max(1, math.ceil(seconds))
    return Refused(429, "rate_limited", f"too many requests with this token: wait {wait} s", retry_after=wait)


def not_found(what: str) -> Refused:
    return Refused(404, "not_found", f"there is no such {what}")


DATABASE_AWAY = "the database cannot be reached now; whether it was done is unknown"
# Exceptions that say by themselves all there is to say: status, code, and the message (None: the exception's own).
_PLAIN: dict[type[Exception], tuple[int, str, str | None]] = {
    AuthenticationError: (401, "unauthorized", "a valid bearer token is needed"),
    PermissionDenied: (403, "forbidden", None),
    Http404: (404, "not_found", "there is no such address"),
    Saga.DoesNotExist: (404, "not_found", "there is no such saga"),
    Bulk.DoesNotExist: (404, "not_found", "there is no such bulk act"),
    SagaDefinition.DoesNotExist: (404, "not_found", "there is no such definition"),
    DefinitionDraft.DoesNotExist: (404, "not_found", "there is no draft of that name"),
    Participant.DoesNotExist: (404, "not_found", "there is no such participant"),
    WebhookEndpoint.DoesNotExist: (404, "not_found", "there is no such webhook"),
    WebhookDelivery.DoesNotExist: (404, "not_found", "there is no such message"),
    FaultRule.DoesNotExist: (404, "not_found", "there is no such fault rule"),
    DefinitionInUse: (409, "in_use", None),
    RequestDataTooBig: (413, "too_large", "the body is larger than 4 MiB"),
    UnknownContentType: (415, "unsupported_media_type", None),
    UnreadablePostError: (400, "invalid", "the body ended early"),
    OperationalError: (503, "unavailable", DATABASE_AWAY),
    InterfaceError: (503, "unavailable", DATABASE_AWAY),
}


def refusal_of(error: Any) -> Refused:
    """The refusal that stands for `error`. Raises the error itself when callers can neither cause nor wait it out."""
    match error:
        case Refused():
            return error
        case HttpError() if error.__cause__ is not None:
            return refusal_of(error.__cause__)  # ninja wraps what the body parser raises
        case DocumentTooLarge():
            return problems_found(error.problems, status=413, code="too_large")
        case WrongJSON() | WrongDefinition() | WrongFilter() | WrongCursor() | WrongRule() | WrongParticipant():
            return problems_found(error.problems)
        case ValidationError():
            return problems_found(Problem(place_of(one["loc"]), reason_of(one)) for one in error.errors)
    return _plain(error)


def _plain(error: Any) -> Refused:
    for kind, (status, code, message) in _PLAIN.items():
        if isinstance(error, kind):
            retry_after = 1 if status == 503 else None
            return Refused(status, code, str(error) if message is None else message, retry_after=retry_after)
    raise error


def install(api: NinjaAPI) -> None:
    """Let every error of `api` leave in the envelope; what no caller can cause goes on to Django."""

    def answer(request: HttpRequest, error: Any) -> HttpResponse:  # noqa: ARG001  the hook's form
        refused = refusal_of(error)
        if refused.status == 503:
            logger.warning("the database cannot be reached: %s", error)
        return envelope(refused)

    for kind in (Exception, AuthenticationError, HttpError, ValidationError, Http404):
        api.add_exception_handler(kind, answer)


def place_of(location: Iterable[Any]) -> str:
    """pydantic's path as a place; the names that ninja puts in front say nothing to a caller."""
    parts = list(location)
    while parts and parts[0] in ("body", "query", "path", "header", "data", "listing"):
        parts.pop(0)
    place = ""
    for part in parts:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else str(part)
    return place[:200]


def reason_of(item: Any) -> str:
    match item["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return "unknown field"
        case _:
            return str(item["msg"])
