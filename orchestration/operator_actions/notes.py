"""Notes: what people write down about a saga. Nothing moves by them, so they are taken at any time."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from orchestration import audit, dispatch
from orchestration.audit import Actor
from orchestration.models import Saga
from orchestration.operator_actions.refusals import NOTE
from orchestration.operator_actions.wording import worded
from orchestration.store import outside

MAX_NOTE = 4000


def note(*, saga_id: UUID, actor: Actor, text: str) -> Saga:
    """Keep `text` in the saga's journal, also after its end, and return the saga. Audited, granted or refused.

    Raises WrongAct, Saga.DoesNotExist and PermissionDenied.
    """
    text = worded("text", text, MAX_NOTE)
    if outside.definition_of(saga_id) is None:
        raise Saga.DoesNotExist(f"there is no saga {saga_id}")
    granted = actor.may("note_saga")
    with transaction.atomic():
        audit.write(
            actor=actor, act=NOTE, subject=f"saga {saga_id}", saga_id=saga_id, granted=granted, reason=text
        )  # fmt: skip
        if granted:
            revision = outside.note(saga_id, kind=NOTE, actor=actor.name, text=text)
            dispatch.acted(saga_id, revision)
    if not granted:
        raise PermissionDenied(f"{actor.name} lacks the right note_saga")
    return Saga.objects.get(pk=saga_id)
