"""Questions about one saga that only its page asks."""

from uuid import UUID

from orchestration import queries
from orchestration.console.lanes import Try
from orchestration.core.states import SagaStatus, StepStatus
from orchestration.models import Attempt, AuditEntry, Event, Saga, Step

SHOWN_TRIES = 2_000
SHOWN_NOTES = 200
SHOWN_AUDIT = 200
_TURNED_BACK = (SagaStatus.COMPENSATING, SagaStatus.COMPENSATED, SagaStatus.ABANDONED)


def tries_of(saga_id: UUID) -> list[Try]:
    """The ended attempts, without what was said in them."""
    rows = Attempt.objects.filter(saga_id=saga_id).order_by("started_at", "number")
    names = ("position", "direction", "number", "outcome", "started_at", "finished_at")
    return [Try(*row) for row in rows.values_list(*names)[:SHOWN_TRIES]]


def newest_attempts(saga_id: UUID, limit: int) -> list[Attempt]:
    """The newest attempts, newest first; what was sent and answered is left in the database."""
    rows = Attempt.objects.filter(saga_id=saga_id).defer("request", "answer")
    return list(rows.order_by("-started_at", "-position", "-direction", "-number")[:limit])


def what_was_said(saga_id: UUID, limit: int) -> dict[tuple[int, str, int], Attempt]:
    """The newest attempts with what was sent and answered, by position, direction and number."""
    rows = Attempt.objects.filter(saga_id=saga_id).order_by("-started_at", "-position", "-direction", "-number")[:limit]
    return {(one.position, one.direction, one.number): one for one in rows}


def audit_of(saga_id: UUID) -> list[AuditEntry]:
    """What people did to the saga or were refused, oldest first."""
    return list(AuditEntry.objects.filter(saga_id=saga_id).order_by("pk")[:SHOWN_AUDIT])


def notes_of(saga_id: UUID) -> list[Event]:
    """What people wrote down, newest first."""
    return list(Event.objects.filter(saga_id=saga_id, kind="note").order_by("-seq")[:SHOWN_NOTES])


def next_stuck(saga_id: UUID) -> Saga | None:
    """The next saga that needs a person, in the order of the Overview, and round to the first; None: no other does."""
    stuck = Saga.objects.needs_attention().only("business_key").order_by("pk")
    return stuck.filter(pk__gt=saga_id).first() or stuck.filter(pk__lt=saga_id).first()


def unwanted_steps(saga_id: UUID, steps: list[Step]) -> set[str]:
    """Names of the steps that were skipped because their condition was false.

    A step is also skipped by a person, or because the saga turned back before its first try; the journal tells.
    """
    skipped = {step.name for step in steps if step.status == StepStatus.SKIPPED and not step.action_attempts}
    if not skipped:
        return set()
    names = {step.position: step.name for step in steps}
    by_engine = Event.objects.filter(saga_id=saga_id, moves__contains=">skipped", actor="")
    rows = by_engine.exclude(status__in=_TURNED_BACK).values_list("moves", flat=True)
    moves = [move for text in rows for move in queries.moves_of(text, names)]
    return skipped & {move.step for move in moves if move.before == StepStatus.DUE and move.after == StepStatus.SKIPPED}
