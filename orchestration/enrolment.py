"""Participants are added and changed here, whoever asks: checked, and with an audit row."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.db import transaction

from orchestration import audit, dispatch
from orchestration.audit import Actor
from orchestration.core.definitions import NAME, Problem
from orchestration.models import Participant
from orchestration.participants.brokers import broker_of
from orchestration.participants.hosts import AllowList

MAX_LENGTH = {"base_url": 512, "status_path": 255, "secret": 255}
MOST_IN_FLIGHT = 100_000
SHORTEST_CALL, LONGEST_CALL = 0.05, 3600.0


class WrongParticipant(ValueError):
    """What is said of the participant breaks the contract; `problems` says where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(map(str, problems)))


@dataclass(frozen=True, slots=True)
class Enrolled:
    participant: Participant
    created: bool


def enrol(
    *, name: str, actor: Actor, transport: str, base_url: str = "", status_path: str = "", secret: str | None = None,
    max_in_flight: int | None = None, timeout: float | None = None, reason: str = "",
) -> Enrolled:  # fmt: skip
    """Add or change a participant. `secret` None keeps the present one, "" takes it away. `max_in_flight`: how many
    calls may be out at once, over all workers; None keeps the present limit, which is 1,000 at first. `timeout`:
    seconds for a call whose step names none; None keeps the present time, which is 5 at first.

    Raises PermissionDenied (audited) and WrongParticipant.
    """
    known = Participant.objects.filter(name=name).exists()
    permission = "change_participant" if known else "add_participant"
    if not actor.may(permission):
        audit.write(actor=actor, act="enrol", subject=name[:128], granted=False)
        actor.must(permission)
    values: dict[str, Any] = {"transport": transport, "base_url": base_url, "status_path": status_path}
    if secret is not None:
        values["secret"] = secret
    problems = problems_with(name=name, **values)
    problems += bounds_problems(max_in_flight=max_in_flight, timeout=timeout)
    said = {"max_in_flight": max_in_flight, "timeout": timeout}
    values |= {name: value for name, value in said.items() if value is not None}
    if problems:
        raise WrongParticipant(problems)
    with transaction.atomic():
        before = Participant.objects.filter(name=name).first()
        participant, created = Participant.objects.update_or_create(name=name, defaults=values)
        audit.write(
            actor=actor, act="enrol", subject=name, granted=True, reason=reason,
            before=described(before) if before else None, after=described(participant),
        )  # fmt: skip
        dispatch.configured(name)
    return Enrolled(participant, created)


def problems_with(
    *, name: str, transport: str, base_url: str = "", status_path: str = "", secret: str = ""
) -> list[Problem]:
    """What is wrong with a participant's fields; an empty list when it may be stored."""
    manner = MANNERS.get(transport, MANNERS[Participant.Transport.FUNCTION.value])
    checks = {
        "name": (bool(NAME.fullmatch(name)), "must be 1 to 64 of a-z, 0-9 and -, with a letter or digit at both ends"),
        "transport": (
            transport in Participant.Transport.values,
            f"must be {' or '.join(Participant.Transport.values)}",
        ),
        "base_url": (manner.is_address(base_url), manner.address_rule),
        "status_path": (status_path == "" or manner.is_status(status_path), manner.status_rule),
        "secret": (_is_secret(secret), "must be printable, and base64 after whsec_"),
    }
    problems = [Problem(field, reason) for field, (good, reason) in checks.items() if not good]
    for field, value in (("base_url", base_url), ("status_path", status_path), ("secret", secret)):
        if len(value) > MAX_LENGTH[field]:
            problems.append(Problem(field, f"must be at most {MAX_LENGTH[field]} characters"))
    return problems


def bounds_problems(*, max_in_flight: int | None, timeout: float | None) -> list[Problem]:
    """What is wrong with them; None is never wrong."""
    problems = []
    if max_in_flight is not None and not 1 <= max_in_flight <= MOST_IN_FLIGHT:
        problems.append(Problem("max_in_flight", f"must be a whole number from 1 to {MOST_IN_FLIGHT}"))
    if timeout is not None and not SHORTEST_CALL <= timeout <= LONGEST_CALL:
        problems.append(Problem("timeout", f"must be a number from {SHORTEST_CALL:g} to {LONGEST_CALL:g}"))
    return problems


def described(participant: Participant) -> dict[str, Any]:
    """The participant for audit and API: everything but the secret itself."""
    return {
        "name": participant.name, "transport": participant.transport, "base_url": participant.base_url,
        "status_path": participant.status_path, "has_secret": bool(participant.secret), "paused": participant.paused,
        "max_in_flight": participant.max_in_flight, "timeout": participant.timeout,
    }  # fmt: skip


def _is_callable_url(text: str, *schemes: str) -> SplitResult | None:
    """The parts of an address that may be called; None when it may not."""
    try:
        parts = urlsplit(text)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return None
    plain = parts.scheme in schemes and not (parts.query or parts.fragment or "@" in parts.netloc)
    allowed = AllowList(settings.SAGA_PARTICIPANT_HOSTS).allows(parts.hostname or "")
    return parts if plain and has_port and allowed and _is_unbroken(text) else None


def _is_http(text: str) -> bool:
    return _is_callable_url(text, "http", "https") is not None


def _is_grpc(text: str) -> bool:
    parts = _is_callable_url(text, "grpc", "grpcs")
    return parts is not None and parts.port is not None and parts.path in ("", "/")


def _is_path(text: str) -> bool:
    return text.startswith("/") and _is_unbroken(text) and "?" not in text and "#" not in text


@dataclass(frozen=True, slots=True)
class Manner:
    """What a transport's address and its way to be asked look like, and the words for those that do not."""

    is_address: Callable[[str], bool]
    address_rule: str
    is_status: Callable[[str], bool]
    status_rule: str


def _is_unbroken(text: str) -> bool:
    return text.isprintable() and " " not in text


def _is_secret(text: str) -> bool:
    if not text.startswith("whsec_"):
        return text.isprintable()
    try:
        return bool(base64.b64decode(text.removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError):
        return False


def _is_amqp(text: str) -> bool:
    return _is_callable_url(text, "amqp", "amqps") is not None and broker_of(text) is not None


_HOST = "without user, query or fragment, whose host is in SAGA_PARTICIPANT_HOSTS"
MANNERS: dict[str, Manner] = {
    Participant.Transport.FUNCTION.value: Manner(
        lambda text: text == "", "belongs to participants over the network only",
        lambda _text: False, "a function has none",
    ),
    Participant.Transport.HTTP.value: Manner(
        _is_http, f"must be an http or https URL {_HOST}", _is_path, "must be a path that begins with /",
    ),
    Participant.Transport.GRPC.value: Manner(
        _is_grpc, f"must be grpc://host:port or grpcs://host:port {_HOST}",
        lambda text: text == "Status", "must be Status, or empty when the participant does not serve it",
    ),
    Participant.Transport.AMQP.value: Manner(
        _is_amqp, "must be amqp://host:port/vhost or amqps://... without user, of a broker in AMQP_URL or "
        "SAGA_AMQP_BROKERS, whose host is in SAGA_PARTICIPANT_HOSTS",
        lambda text: _is_unbroken(text) and len(text.encode()) <= 255, "must be a routing key",
    ),
}  # fmt: skip
