"""Failure injection: which rule meets which call, what then happens, and how operators add and remove rules.

Rules act in the orchestrator, at the call, so they work with every participant. They always expire, by the
database's clock, and every change of them is audited.
"""

import asyncio
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from orchestration import audit
from orchestration.audit import Actor
from orchestration.core.definitions import Problem
from orchestration.models import FaultRule
from orchestration.participants.messages import Answer, Command, Outcome, Transport, problem

LONGEST = timedelta(minutes=15)
MAX_DELAY = 3600.0
Kind = FaultRule.Kind


class WrongRule(ValueError):
    """The rule breaks the contract; `problems` says where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(map(str, problems)))


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule in force, as a drain holds it. Empty fields match everything."""

    id: int
    definition: str
    step: str
    participant: str
    direction: str
    saga_id: UUID | None
    attempts: tuple[int, ...]
    kind: str
    delay: float
    probability: float
    expires_at: datetime

    def meets(self, command: Command, now: datetime, luck: float) -> bool:
        """Whether this rule acts on `command`; `luck` in [0, 1) is drawn by the caller."""
        return (
            now < self.expires_at
            and self.definition in ("", command.saga)
            and self.step in ("", command.step)
            and self.participant in ("", command.participant)
            and self.direction in ("", command.direction)
            and self.saga_id in (None, command.saga_id, command.waiting_saga)
            and (not self.attempts or command.attempt in self.attempts)
            and luck < self.probability
        )


# Parameters: none. `times` is counted at the call by FIRE, so a rule that is used up just fires no more.
IN_FORCE = """
SELECT id, definition, step, participant, direction, saga_id, coalesce(attempts, '{}'), kind, coalesce(delay, 0),
    coalesce(probability, 1), expires_at
FROM orchestration_faultrule
WHERE removed_at IS NULL AND expires_at > clock_timestamp() AND (times IS NULL OR fired < times) ORDER BY id
"""
FIRE = """
UPDATE orchestration_faultrule SET fired = fired + 1
WHERE id = %s AND removed_at IS NULL AND expires_at > clock_timestamp() AND (times IS NULL OR fired < times)
RETURNING id
"""


def fault_from_row(row: Any) -> Fault:
    """A row of IN_FORCE as a value."""
    rule_id, definition, step, participant, direction, saga_id, attempts, *rest = row
    return Fault(rule_id, definition, step, participant, direction, saga_id, tuple(attempts), *rest)


async def inject(fault: Fault, command: Command, transport: Transport) -> Answer:
    """Do to this call what the rule says."""
    answer = await _act(fault, command, transport)
    return answer._replace(fault=fault.kind)


async def _act(fault: Fault, command: Command, transport: Transport) -> Answer:
    match fault.kind:
        case Kind.REFUSE:
            return Answer(Outcome.REFUSED, error=_injected("refused", "injected_refusal"))
        case Kind.ERROR_BEFORE:
            return Answer(Outcome.NOT_SENT, error=_injected("not sent", "injected_error"))
        case Kind.CRASH_BEFORE:
            _crash()
        case Kind.DELAY:
            await asyncio.sleep(fault.delay)
            return await transport.send(command)
    answer = await transport.send(command)
    match fault.kind:
        case Kind.CRASH_AFTER:
            _crash()
        case Kind.DUPLICATE:
            await transport.send(command)
            return answer
        case Kind.TIMEOUT:
            await asyncio.sleep(fault.delay or command.timeout)
    return Answer(Outcome.IN_DOUBT, error=_injected(*_DOUBTS.get(fault.kind, ("answer thrown away", "injected_error"))))


_DOUBTS: dict[str, tuple[str, str]] = {
    Kind.ERROR_AFTER: ("answered 500 after it was sent", "injected_error"),
    Kind.LOST_REPLY: ("the answer was thrown away", "injected_lost_reply"),
    Kind.TIMEOUT: ("no answer in time", "injected_timeout"),
    Kind.INVALID_REPLY: ("the answer was made nonsense", "injected_invalid_reply"),
}


def _injected(what: str, code: str) -> dict[str, Any]:
    return problem(f"injected failure: {what}", code)


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def in_force() -> "QuerySet[FaultRule]":
    """The rules that act now, newest first."""
    used_up = Q(times__isnull=False, fired__gte=F("times"))
    return FaultRule.objects.filter(removed_at=None, expires_at__gt=Now()).exclude(used_up).order_by("-id")


def add(
    *,
    actor: Actor,
    kind: str,
    expires_in: timedelta,
    definition: str = "",
    step: str = "",
    participant: str = "",
    direction: str = "",
    saga_id: UUID | None = None,
    attempts: list[int] | None = None,
    delay: float | None = None,
    times: int | None = None,
    probability: float | None = None,
) -> FaultRule:
    """Put a rule in force. Raises PermissionDenied (audited) and WrongRule."""
    _must_be_allowed(actor, "add_faultrule", "add fault rule", kind)
    values = {
        "definition": definition, "step": step, "participant": participant, "direction": direction,
        "saga_id": saga_id, "attempts": attempts, "kind": kind, "delay": delay, "times": times,
        "probability": probability,
    }  # fmt: skip
    _check(values, expires_in)
    with transaction.atomic():
        rule = FaultRule(**values, created_by=actor.name, created_at=_now())
        rule.expires_at = rule.created_at + expires_in
        rule.save()
        audit.write(actor=actor, act="add fault rule", subject=f"fault rule {rule.pk}", granted=True,
                    saga_id=saga_id, after=_plain({**values, "expires_in": expires_in.total_seconds()}))  # fmt: skip
    return rule


def remove(*, actor: Actor, rule_id: int) -> FaultRule:
    """Take a rule out of force. Raises PermissionDenied (audited) and FaultRule.DoesNotExist; twice changes nothing."""
    _must_be_allowed(actor, "delete_faultrule", "remove fault rule", str(rule_id))
    with transaction.atomic():
        rule = FaultRule.objects.select_for_update().get(pk=rule_id)
        if rule.removed_at is None:
            rule.removed_at = _now()
            rule.save(update_fields=["removed_at"])
            audit.write(actor=actor, act="remove fault rule", subject=f"fault rule {rule.pk}", granted=True,
                        saga_id=rule.saga_id)  # fmt: skip
    return rule


def _must_be_allowed(actor: Actor, permission: str, act: str, subject: str) -> None:
    if not settings.SAGA_ALLOW_FAULTS:
        raise PermissionDenied(_("Fault rules are switched off in this deployment (SAGA_ALLOW_FAULTS)."))
    if not actor.may(permission):
        audit.write(actor=actor, act=act, subject=f"fault rule {subject}"[:128], granted=False)
        actor.must(permission)


def _check(values: Mapping[str, Any], expires_in: timedelta) -> None:
    checks = {
        "kind": (values["kind"] in Kind.values, "must be one of " + ", ".join(Kind.values)),
        "direction": (values["direction"] in ("", "action", "compensation"), "must be action or compensation"),
        "expires_in": (timedelta(0) < expires_in <= LONGEST, "must be more than 0 and at most 900 seconds"),
        "delay": (values["delay"] is None or 0 <= values["delay"] <= MAX_DELAY, "must be 0 to 3600 seconds"),
        "times": (values["times"] is None or 1 <= values["times"] <= 1_000_000, "must be 1 to 1000000"),
        "probability": (values["probability"] is None or 0 < values["probability"] <= 1, "must be over 0, at most 1"),
        "attempts": (
            values["attempts"] is None
            or (0 < len(values["attempts"]) <= 100 and all(1 <= n <= 1_000_000 for n in values["attempts"])),
            "must be 1 to 100 attempt numbers, counted from 1",
        ),
    }
    problems = [Problem(field, reason) for field, (good, reason) in checks.items() if not good]
    problems += [
        Problem(field, "must be at most 64 characters")
        for field in ("definition", "step", "participant")
        if len(values[field]) > 64
    ]
    if values["kind"] == Kind.DELAY and not values["delay"]:
        problems.append(Problem("delay", "is needed for this kind"))
    if problems:
        raise WrongRule(problems)


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cast(datetime, cursor.fetchone()[0])


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, UUID) else value for name, value in values.items()}
