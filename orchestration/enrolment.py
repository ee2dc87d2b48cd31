"""Participants are added and changed here, whoever asks: checked, and with an audit row."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from orchestration import audit
from orchestration.audit import Actor
from orchestration.core.definitions import NAME, Problem
from orchestration.models import Participant
from orchestration.participants.hosts import AllowList

HTTP = Participant.Transport.HTTP
MAX_LENGTH = {"base_url": 512, "status_path": 255, "secret": 255}


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
    *, name: str, actor: Actor, transport: str, base_url: str = "", status_path: str = "", secret: str | None = None
) -> Enrolled:
    """Add or change a participant. `secret` None keeps the present one, "" takes it away.

    Raises PermissionDenied (audited) and WrongParticipant.
    """
    known = Participant.objects.filter(name=name).exists()
    permission = "change_participant" if known else "add_participant"
    if not actor.may(permission):
        audit.write(actor=actor, act="enrol", subject=name[:128], granted=False)
        actor.must(permission)
    values = {"transport": transport, "base_url": base_url, "status_path": status_path}
    if secret is not None:
        values["secret"] = secret
    if problems := problems_with(name=name, **values):
        raise WrongParticipant(problems)
    with transaction.atomic():
        before = Participant.objects.filter(name=name).first()
        participant, created = Participant.objects.update_or_create(name=name, defaults=values)
        audit.write(
            actor=actor, act="enrol", subject=name, granted=True, before=described(before) if before else None,
            after=described(participant),
        )  # fmt: skip
    return Enrolled(participant, created)


def problems_with(
    *, name: str, transport: str, base_url: str = "", status_path: str = "", secret: str = ""
) -> list[Problem]:
    """What is wrong with a participant's fields; an empty list when it may be stored."""
    is_http = transport == HTTP
    checks = {
        "name": (bool(NAME.fullmatch(name)), "must be 1 to 64 of a-z, 0-9 and -, with a letter or digit at both ends"),
        "transport": (
            transport in Participant.Transport.values,
            f"must be {' or '.join(Participant.Transport.values)}",
        ),
        "base_url": (_is_callable_url(base_url) if is_http else base_url == "", _address_rule(is_http=is_http)),
        "status_path": (status_path == "" or (is_http and _is_path(status_path)), "must be a path that begins with /"),
        "secret": (_is_secret(secret), "must be printable, and base64 after whsec_"),
    }
    problems = [Problem(field, reason) for field, (good, reason) in checks.items() if not good]
    for field, value in (("base_url", base_url), ("status_path", status_path), ("secret", secret)):
        if len(value) > MAX_LENGTH[field]:
            problems.append(Problem(field, f"must be at most {MAX_LENGTH[field]} characters"))
    return problems


def described(participant: Participant) -> dict[str, Any]:
    """The participant for audit and API: everything but the secret itself."""
    return {
        "name": participant.name, "transport": participant.transport, "base_url": participant.base_url,
        "status_path": participant.status_path, "has_secret": bool(participant.secret), "paused": participant.paused,
    }  # fmt: skip


def _address_rule(*, is_http: bool) -> str:
    if is_http:
        return "must be an http or https URL without user, query or fragment, whose host is in SAGA_PARTICIPANT_HOSTS"
    return "belongs to HTTP participants only"


def _is_callable_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    plain = parts.scheme in ("http", "https") and not (parts.query or parts.fragment or "@" in parts.netloc)
    allowed = AllowList(settings.SAGA_PARTICIPANT_HOSTS).allows(parts.hostname or "")
    return plain and has_port and allowed and _is_unbroken(text)


def _is_path(text: str) -> bool:
    return text.startswith("/") and _is_unbroken(text) and "?" not in text and "#" not in text


def _is_unbroken(text: str) -> bool:
    return text.isprintable() and " " not in text


def _is_secret(text: str) -> bool:
    if not text.startswith("whsec_"):
        return text.isprintable()
    try:
        return bool(base64.b64decode(text.removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError):
        return False
