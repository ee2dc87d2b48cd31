"""How much a participant is asked for: calls at once over all workers, and seconds for a call whose step names none."""

from typing import Any

from django.db import transaction

from orchestration import audit, dispatch
from orchestration.audit import Actor
from orchestration.enrolment import WrongParticipant, bounds_problems
from orchestration.models import Participant
from orchestration.operator_actions.wording import reason_of

RIGHT = "change_participant"
ACT = "limit participant"


def limit(*, name: str, actor: Actor, reason: str, max_in_flight: int, timeout: float) -> Participant:
    """Change both. Calls that are out end as they began; a lowered limit holds as they end.

    Audited, granted or refused. Raises PermissionDenied, WrongAct, WrongParticipant and Participant.DoesNotExist.
    """
    reason = reason_of(reason)
    if not actor.may(RIGHT):
        audit.write(actor=actor, act=ACT, subject=name[:128], granted=False, reason=reason)
        actor.must(RIGHT)
    if problems := bounds_problems(max_in_flight=max_in_flight, timeout=timeout):
        raise WrongParticipant(problems)
    with transaction.atomic():
        participant = Participant.objects.select_for_update(no_key=True).get(name=name)
        before = _told(participant)
        participant.max_in_flight, participant.timeout = max_in_flight, timeout
        participant.save(update_fields=["max_in_flight", "timeout"])
        dispatch.configured(name)
        audit.write(
            actor=actor, act=ACT, subject=name, granted=True, reason=reason, before=before, after=_told(participant)
        )
    return participant


def _told(participant: Participant) -> dict[str, Any]:
    return {"max_in_flight": participant.max_in_flight, "timeout": participant.timeout}
