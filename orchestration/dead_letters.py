"""Start messages that no saga could be made of: kept until a person has corrected and resent, or discarded, each."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from orchestration import audit
from orchestration.audit import Actor
from orchestration.core.definitions import Problem
from orchestration.identifiers import uuid7
from orchestration.models import DeadLetter
from orchestration.operator_actions.wording import reason_of

MAX_BODY = 512 * 1024
State = DeadLetter.State
# The same message that comes once more, while a person has not looked at it, is the same letter.
KEEP = """
INSERT INTO orchestration_deadletter AS letter (
    id, digest, message_id, body, reply_to, correlation_id, sender, reason, times, state, handled_by, handled_reason,
    corrected, copies_removed)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 1, 'waiting', '', '', '', false)
ON CONFLICT (digest) WHERE state = 'waiting' DO UPDATE SET times = letter.times + 1, reason = excluded.reason
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it came from the broker."""

    body: bytes
    message_id: str = ""
    reply_to: str = ""
    correlation_id: str = ""
    sender: str = ""


class AlreadyHandled(Exception):
    """Somebody was quicker; the message says who, and what they did."""


class WrongMessage(ValueError):
    """The corrected message would be refused again; `problems` says where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(map(str, problems)))


def keep(letter: Letter, reason: str) -> UUID:
    """Store a message that was refused, once. What is longer than 512 KiB is cut: it can be read, not sent again."""
    digest = hashlib.sha256(letter.message_id.encode("utf-8", "surrogatepass") + b"\0" + letter.body).hexdigest()
    values: tuple[Any, ...] = (
        uuid7(), digest, _plain(letter.message_id, 255), letter.body[:MAX_BODY], _plain(letter.reply_to, 255),
        _plain(letter.correlation_id, 255), _plain(letter.sender, 150), _plain(reason, 2000),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(KEEP, values)
        row = cursor.fetchone()
    return UUID(str(row[0]))


def resend(
    *, letter_id: UUID, actor: Actor, text: str, reason: str, check: Callable[[bytes, str], list[Problem]]
) -> DeadLetter:
    """Have the corrected message sent again, by whoever consumes.

    `check` says what would be wrong with it. Raises PermissionDenied (audited), WrongAct for the reason, WrongMessage,
    AlreadyHandled and DeadLetter.DoesNotExist.
    """
    _must(actor, "resend", letter_id)
    reason = reason_of(reason)
    with transaction.atomic():
        letter = _waiting(letter_id)
        if problems := check(text.encode(), letter.message_id or f"dead:{letter.pk}"):
            raise WrongMessage(problems)
        return _handled(letter, State.RESENDING, actor, reason, corrected=text)


def discard(*, letter_id: UUID, actor: Actor, reason: str) -> DeadLetter:
    """Decide that no saga is to be made of it. Raises as `resend` does."""
    _must(actor, "discard", letter_id)
    reason = reason_of(reason)
    with transaction.atomic():
        return _handled(_waiting(letter_id), State.DISCARDED, actor, reason)


def to_do() -> list[DeadLetter]:
    """What a consumer has to send again, or to take out of the dead-letter queue; oldest first."""
    handled = DeadLetter.objects.exclude(state=State.WAITING).filter(copies_removed=False)
    return list(handled.order_by("id")[:50])


def resent(letter: DeadLetter) -> None:
    DeadLetter.objects.filter(pk=letter.pk, state=State.RESENDING).update(state=State.RESENT)


def copies_removed(letter: DeadLetter) -> None:
    DeadLetter.objects.filter(pk=letter.pk).update(copies_removed=True)


def _waiting(letter_id: UUID) -> DeadLetter:
    letter = DeadLetter.objects.select_for_update().get(pk=letter_id)
    if letter.state != State.WAITING:
        raise AlreadyHandled(
            _("%(who)s has handled this message already: it %(what)s.")
            % {"who": letter.handled_by, "what": letter.get_state_display()}
        )
    return letter


def _handled(letter: DeadLetter, state: DeadLetter.State, actor: Actor, reason: str, corrected: str = "") -> DeadLetter:
    DeadLetter.objects.filter(pk=letter.pk).update(
        state=state, handled_by=actor.name, handled_at=Now(), handled_reason=reason, corrected=corrected
    )
    changed = corrected != letter.text
    after = {"message": corrected[:4000], "changed": changed} if corrected else None
    act = "resend message" if state == State.RESENDING else "discard message"
    audit.write(
        actor=actor, act=act, subject=_subject(letter.pk), granted=True, reason=reason,
        before={"message": letter.text[:4000], "reason": letter.reason}, after=after,
    )  # fmt: skip
    letter.refresh_from_db()
    return letter


def _must(actor: Actor, verb: str, letter_id: UUID) -> None:
    try:
        actor.must(f"{verb}_deadletter")
    except PermissionDenied:
        audit.write(actor=actor, act=f"{verb} message", subject=_subject(letter_id), granted=False)
        raise


def _subject(letter_id: UUID) -> str:
    return f"message {letter_id}"


def _plain(text: str, length: int) -> str:
    """What PostgreSQL takes as text."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")[:length]
