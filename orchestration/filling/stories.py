"""The lives of sagas that are copied. The engine's own rules play each once, so the rows are what it would write."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from orchestration import advance, audit
from orchestration.advance import Happened, Owner
from orchestration.core import events
from orchestration.core.events import Event
from orchestration.core.saga_state import StepState
from orchestration.definitions import compiled_definition, publish_definition
from orchestration.identifiers import uuid7
from orchestration.launch import launch
from orchestration.models import Participant
from orchestration.store import outside
from orchestration.store.record import RECORD, parameters
from orchestration.store.rows import AttemptRow, SagaChange

NAME, TRIGGER, PARTICIPANT = "fill-order", "fill", "fill-stock"
KEY = "FILL-KEY"  # stands where each copy has a key of its own
DAY = 86_400
_STEP = {
    "participant": PARTICIPANT, "action": "/do", "compensation": "/undo",
    "payload": "{order: input.order_id, sku: input.sku}",
    "retry": {"max_attempts": 5, "initial": DAY, "factor": 1, "max": DAY},
}  # fmt: skip
DOCUMENT: dict[str, Any] = {
    "name": NAME, "title": "Orders that `manage.py fill` has made up", "deadline": 90 * DAY, "business_key": "order_id",
    "steps": [{"name": name, **_STEP} for name in ("reserve", "charge", "ship")],
}  # fmt: skip
INPUT = {"order_id": KEY, "customer": "C-0815", "sku": "BOOK-42", "qty": 2, "total": "49.90"}
_ERROR = '{"message": "made up", "code": "made_up"}'
_ANSWERS: dict[str, tuple[str, Callable[[int], Event]]] = {
    "done": ("succeeded", lambda step: events.Succeeded(step, {"ref": "R-4711"})),
    "no": ("refused", events.Refused),
    "silence": ("in_doubt", lambda step: events.InDoubt(step, luck=1e-8)),
    "long silence": ("in_doubt", lambda step: events.InDoubt(step, luck=1.0)),
    "later": ("accepted", lambda step: events.Accepted(step, askable=False)),
}
_ACTS: dict[str, Event] = {"pause": events.Pause(), "abandon": events.Abandon()}


@dataclass(frozen=True, slots=True)
class Story:
    """What happens one after the other, and how often among a thousand sagas.

    `recent`: launched in the last hour, because it comes due by itself after a day (and is parked then).
    """

    weight: int
    happens: Sequence[str]
    recent: bool = False


STORIES = (
    Story(880, ("done", "done", "done")),
    Story(40, ("done", "silence", "done", "done")),
    Story(30, ("done", "done", "no", "done", "done", "done")),
    Story(15, ("no", "done")),
    Story(5, ("done", "no", "no", "abandon")),
    Story(4, ("done", "no", "no")),
    Story(10, ("done", "later")),
    Story(6, ("done", "long silence"), recent=True),
    Story(7, ("blocked",)),
    Story(3, ("pause",)),
)


def publish() -> None:
    """The definition, and its participant, which is paused: nobody is ever called."""
    Participant.objects.get_or_create(
        name=PARTICIPANT, defaults={"transport": "http", "base_url": "http://127.0.0.1:9", "paused": True}
    )
    publish_definition(document=DOCUMENT, actor=audit.shell("fill"))


def play(story: Story) -> tuple[UUID, datetime]:
    """Let it happen, in the transaction that is open; the saga's id, and when it was launched."""
    saga_id = launch(
        definition=NAME, saga_input=INPUT, trigger=TRIGGER, launched_by="fill", idempotency_key=KEY
    ).saga_id
    return saga_id, _Life(saga_id).through(story.happens)


class _Life:
    """One saga while its story is played. Time passes as the story needs it."""

    def __init__(self, saga_id: UUID) -> None:
        [(definition_id,)] = _all("SELECT definition_id FROM orchestration_saga WHERE id = %s", saga_id)
        self._saga, self._now = outside.load(saga_id, compiled_definition(definition_id), lock=True)
        self._drain = uuid7()

    def through(self, happens: Sequence[str]) -> datetime:
        launched_at = self._now
        for what in happens:
            self._now += timedelta(milliseconds=7)
            if what in _ACTS:
                happened = Happened(what, actor="fill", reason="made up")
                self._write(advance.outside(self._saga, _ACTS[what], happened, self._now))
            elif what == "blocked":
                self._write(advance.claimed(self._saga, self._owner(f"participant:{PARTICIPANT}"), self._now))
            else:
                self._answer(what)
        return launched_at

    def _answer(self, what: str) -> None:
        if not self._saga.state.calls_out():
            self._write(advance.claimed(self._saga, self._owner(None), self._now))
            self._now += timedelta(milliseconds=23)
        [step] = self._saga.state.calls_out()
        outcome, event = _ANSWERS[what]
        attempt = self._attempt(step, outcome)
        answered = [event(step.definition.index)]
        self._write(advance.owned(self._saga, answered, [attempt], self._owner(None), self._now))

    def _attempt(self, step: StepState, outcome: str) -> AttemptRow:
        done = outcome == "succeeded"
        return AttemptRow(
            position=step.definition.index, direction=step.direction.value, number=step.attempt, epoch=self._saga.epoch,
            started_at=step.attempt_started_at or self._now, finished_at=self._now, outcome=outcome,
            request=f'{{"sku": "BOOK-42", "order": "{KEY}"}}', answer='{"ref": "R-4711"}' if done else None,
            error=None if done or outcome == "accepted" else _ERROR,
        )  # fmt: skip

    def _owner(self, blocked_by: str | None) -> Owner:
        return Owner(self._drain, lambda due, _steps: ((), blocked_by) if blocked_by else (due, None), lambda: True)

    def _write(self, change: SagaChange) -> None:
        _all(RECORD, *parameters([change]))
        advance.landed(self._saga, change)


def _all(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
