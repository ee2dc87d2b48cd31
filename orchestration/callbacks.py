"""Callbacks: a participant says of its own accord how an accepted call ended."""

import json
from datetime import datetime
from typing import Any

from django.db import transaction

from orchestration import advance, callback_tokens, dispatch
from orchestration.callback_tokens import Callback
from orchestration.core.events import CalledBack, Refused, Succeeded
from orchestration.core.saga_state import StepState
from orchestration.core.states import OUT, Direction, SagaStatus
from orchestration.definitions import compiled_definition
from orchestration.models import Event
from orchestration.participants.call import output_text
from orchestration.participants.messages import Answer, Outcome
from orchestration.store import outside
from orchestration.store.rows import AttemptRow, StoredSaga

SAID_TOO_LATE = "said_too_late"


class UnknownToken(LookupError):
    """The token is none of ours, or its saga is not stored any more."""


def take(token: str, answer: Answer) -> bool:
    """Take the participant's answer (succeeded or refused) at once, whoever owns the saga now.

    False: nobody waits for it (any more), and nothing has changed. What it says about a step that a person has to
    resolve stands in the journal then. Raises UnknownToken.
    """
    called = callback_tokens.read(token)
    definition_id = outside.definition_of(called.saga_id) if called is not None else None
    if called is None or definition_id is None:
        raise UnknownToken("there is no such callback")
    with transaction.atomic():
        saga, now = outside.load(called.saga_id, compiled_definition(definition_id), lock=True)
        change = advance.outside(saga, _event(called, answer), _happened(saga, called, answer, now), now)
        if change.state == saga.state:
            _keep_as_evidence(saga, called, answer)
            return False
        if not outside.record(saga, change):
            raise RuntimeError(f"saga {saga.id} was written by somebody else while its row was locked")
        dispatch.acted(saga.id, change.revision)
    return True


def _keep_as_evidence(saga: StoredSaga, called: Callback, answer: Answer) -> None:
    """Whoever resolves a doubt wants to know what the participant said too late. The same is kept once."""
    step = saga.state.steps[called.position]
    if saga.state.status is not SagaStatus.STUCK or not step.in_doubt or step.direction is not called.direction:
        return
    said = "it is done" if answer.error is None else f"it was refused: {answer.error['message']}"
    text = f"{step.definition.name}: {said}"
    if not Event.objects.filter(saga_id=saga.id, kind=SAID_TOO_LATE, reason=text).exists():
        outside.note(saga.id, kind=SAID_TOO_LATE, actor=step.definition.participant, text=text)


def _event(called: Callback, answer: Answer) -> CalledBack:
    if answer.outcome is Outcome.SUCCEEDED:
        return CalledBack(called.position, called.direction, Succeeded(called.position, answer.output))
    return CalledBack(called.position, called.direction, Refused(called.position))


def _happened(saga: StoredSaga, called: Callback, answer: Answer, now: datetime) -> advance.Happened:
    """A try that is out ends with the callback; one that was accepted has ended, and the step keeps the answer."""
    step = saga.state.steps[called.position]
    actor = step.definition.participant
    if step.status in OUT and step.direction is called.direction:
        return advance.Happened("called_back", (_attempt(saga, step, answer, now),), actor)
    if answer.error is None:
        return advance.Happened("called_back", actor=actor)
    errors = {called.position: json.dumps(answer.error)} if called.direction is Direction.ACTION else {}
    return advance.Happened("called_back", actor=actor, reason=str(answer.error["message"]), errors=errors)


def _attempt(saga: StoredSaga, step: StepState, answer: Answer, now: datetime) -> AttemptRow:
    answer, text = output_text(answer)
    return AttemptRow(
        position=step.definition.index, direction=step.direction.value, number=step.attempt, epoch=saga.epoch,
        started_at=step.attempt_started_at or now, finished_at=now, outcome=answer.outcome.value, answer=text,
        error=None if answer.error is None else json.dumps(answer.error),
    )  # fmt: skip


def refusal(error: Any) -> dict[str, Any]:
    """A participant's own words about a refusal, a text or `{"error", "code"}`, as an attempt keeps them."""
    said, code = (error.get("error"), error.get("code")) if isinstance(error, dict) else (error, None)
    message = said if isinstance(said, str) and said else "refused by callback"
    return {"message": message[:500], "code": code[:64] if isinstance(code, str) else "refused"}
