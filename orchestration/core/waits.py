"""How long to wait: before the next try, before asking again, and for an answer that was promised."""

from datetime import datetime, timedelta

from orchestration.core import events
from orchestration.core.draft import Draft
from orchestration.core.events import RetriableEvent
from orchestration.core.saga_state import StepState
from orchestration.core.states import StepKind

LONGEST_WAIT = timedelta(hours=1)
SHORTEST_POLL = timedelta(seconds=0.2)
NOTHING = timedelta(0)
FOR_EVER = timedelta(days=36_500)


def next_try_at(draft: Draft, step: StepState, event: RetriableEvent) -> datetime:
    """Retry-After where the participant gave one (at most an hour), else full jitter; not past the deadline."""
    return draft.now + _within_the_deadline(draft, step, _wait(step, event, step.tries))


def next_look_at(draft: Draft, step: StepState, event: RetriableEvent, answer_by: datetime | None) -> datetime:
    """When a participant at work is asked again, or, where it cannot be asked, when its time is over.

    Polls are not counted as tries; they grow apart by their own number, as far as `retry.max`, so that a participant
    that takes a day is not asked every second.
    """
    if answer_by is not None and isinstance(event, events.Accepted) and not event.askable:
        return answer_by
    asked_at = draft.now + _within_the_deadline(draft, step, max(_wait(step, event, step.attempt), SHORTEST_POLL))
    return asked_at if answer_by is None else min(asked_at, answer_by)


def answer_by(draft: Draft, step: StepState) -> datetime:
    """When a call that is accepted now must be answered: nothing that was accepted waits for ever.

    By the definition, else by the deadline. The deadline does not end an undo, nor what comes after the pivot: there
    its length counts anew. A sub-saga answers when it ends: it has a deadline of its own, and people who look after it.
    """
    definition = step.definition
    if definition.kind is StepKind.SAGA:
        return draft.now + FOR_EVER
    deadline_at = draft.before.deadline_at
    if step.undoing or definition.answer_within is not None or deadline_at <= draft.now:
        return draft.now + definition.longest_wait
    return deadline_at


def _wait(step: StepState, event: RetriableEvent, number: int) -> timedelta:
    asked = event.retry_after
    return step.policy.ceiling(number) * event.luck if asked is None else min(asked, LONGEST_WAIT)


def _within_the_deadline(draft: Draft, step: StepState, wait: timedelta) -> timedelta:
    left = draft.before.deadline_at - draft.now
    return wait if step.undoing or left < NOTHING else min(wait, left)
