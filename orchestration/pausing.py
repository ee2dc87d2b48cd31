"""Pausing one participant: no call to it goes out until it is resumed. What is out ends, what needs it is parked."""

from django.db import transaction
from django.db.models.functions import Now

from orchestration import audit, dispatch
from orchestration.audit import Actor
from orchestration.models import Participant
from orchestration.operator_actions.wording import reason_of


def pause(*, name: str, actor: Actor, reason: str) -> Participant:
    """No new call to the participant in either direction. On a paused one nothing changes.

    Raises PermissionDenied (audited), WrongAct for a reason that is none, Participant.DoesNotExist.
    """
    return _set(name, actor, reason, paused=True)


def resume(*, name: str, actor: Actor, reason: str) -> Participant:
    """Calls may go out again; who waited longest goes first. Raises as `pause` does."""
    return _set(name, actor, reason, paused=False)


def _set(name: str, actor: Actor, reason: str, *, paused: bool) -> Participant:
    verb = "pause" if paused else "resume"
    act = f"{verb} participant"
    reason = reason_of(reason)
    if not actor.may(f"{verb}_participant"):
        audit.write(actor=actor, act=act, subject=name[:128], granted=False, reason=reason)
        actor.must(f"{verb}_participant")
    with transaction.atomic():
        participant = Participant.objects.select_for_update(no_key=True).get(name=name)
        before = participant.paused
        if before != paused:
            Participant.objects.filter(pk=participant.pk).update(
                paused=paused, paused_by=actor.name if paused else "", pause_reason=reason if paused else "",
                paused_at=Now() if paused else None,
            )  # fmt: skip
            dispatch.configured(name)
        audit.write(
            actor=actor, act=act, subject=name, granted=True, reason=reason, before={"paused": before},
            after={"paused": paused},
        )  # fmt: skip
    participant.refresh_from_db()
    return participant
