"""What happened to one saga: its journal and its attempts, with step names in place of positions."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from orchestration.models import Attempt, Event, Step
from orchestration.queries.paging import MAX_LIMIT, Page, page


@dataclass(frozen=True, slots=True)
class StepMove:
    """One move of one step; the words are those of StepStatus."""

    step: str
    before: str
    after: str

    def as_json(self) -> dict[str, str]:
        return {"step": self.step, "from": self.before, "to": self.after}


@dataclass(frozen=True, slots=True)
class EventView:
    """One transaction of the saga. `status` is the saga's after it."""

    seq: int
    at: datetime
    kind: str
    status: str
    actor: str
    reason: str
    moves: list[StepMove]


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One try of one direction of a step."""

    step: str
    position: int
    direction: str
    number: int
    started_at: datetime
    finished_at: datetime
    outcome: str
    request: Any
    answer: Any
    error: Any
    fault: str


def events_of(saga_id: UUID, *, cursor: str | None = None, limit: int = MAX_LIMIT) -> Page[EventView]:
    """The journal, oldest first. Raises WrongCursor."""
    names = step_names(saga_id)
    found = page(Event.objects.filter(saga_id=saga_id), cursor=cursor, limit=limit, order=("seq",))
    return Page([_event(event, names) for event in found.items], found.next_cursor)


def attempts_of(saga_id: UUID, *, cursor: str | None = None, limit: int = MAX_LIMIT) -> Page[AttemptView]:
    """Every try that has ended, in the order in which they began. Raises WrongCursor."""
    names = step_names(saga_id)
    order = ("started_at", "position", "direction", "number")
    found = page(Attempt.objects.filter(saga_id=saga_id), cursor=cursor, limit=limit, order=order)
    return Page([_attempt(attempt, names) for attempt in found.items], found.next_cursor)


def moves_of(text: str, names: dict[int, str]) -> list[StepMove]:
    """`0:running>succeeded 1:pending>due>running` as single moves, with the names of the steps."""
    moves: list[StepMove] = []
    for part in text.split():
        position, _colon, path = part.partition(":")
        name = names.get(int(position), position)
        statuses = path.split(">")
        moves += [StepMove(name, before, after) for before, after in pairwise(statuses)]
    return moves


def step_names(saga_id: UUID) -> dict[int, str]:
    return dict(Step.objects.filter(saga_id=saga_id).values_list("position", "name"))


def _event(event: Event, names: dict[int, str]) -> EventView:
    return EventView(
        seq=event.seq, at=event.at, kind=event.kind, status=event.status, actor=event.actor, reason=event.reason,
        moves=moves_of(event.moves, names),
    )  # fmt: skip


def _attempt(attempt: Attempt, names: dict[int, str]) -> AttemptView:
    return AttemptView(
        step=names.get(attempt.position, str(attempt.position)), position=attempt.position,
        direction=attempt.direction, number=attempt.number, started_at=attempt.started_at,
        finished_at=attempt.finished_at, outcome=attempt.outcome, request=attempt.request, answer=attempt.answer,
        error=attempt.error, fault=attempt.fault,
    )  # fmt: skip
