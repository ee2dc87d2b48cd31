"""Callbacks: a participant says of its own accord how an accepted call ended."""

from typing import Any

from django.db import transaction

from orchestration import callback_tokens, parents
from orchestration.callback_tokens import Callback
from orchestration.core.states import SagaStatus
from orchestration.definitions import compiled_definition
from orchestration.models import Event
from orchestration.participants.messages import Answer
from orchestration.store import outside
from orchestration.store.rows import StoredSaga

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
        taken = parents.deliver(called, answer, "called_back")
        if not taken:
            saga, _now = outside.load(called.saga_id, compiled_definition(definition_id), lock=True)
            _keep_as_evidence(saga, called, answer)
        return taken


def _keep_as_evidence(saga: StoredSaga, called: Callback, answer: Answer) -> None:
    """Whoever resolves a doubt wants to know what the participant said too late. The same is kept once."""
    step = saga.state.steps[called.position]
    if saga.state.status is not SagaStatus.STUCK or not step.in_doubt or step.direction is not called.direction:
        return
    said = "it is done" if answer.error is None else f"it was refused: {answer.error['message']}"
    text = f"{step.definition.name}: {said}"
    if not Event.objects.filter(saga_id=saga.id, kind=SAID_TOO_LATE, reason=text).exists():
        outside.note(saga.id, kind=SAID_TOO_LATE, actor=step.definition.participant, text=text)


def refusal(error: Any) -> dict[str, Any]:
    """A participant's own words about a refusal, a text or `{"error", "code"}`, as an attempt keeps them."""
    said, code = (error.get("error"), error.get("code")) if isinstance(error, dict) else (error, None)
    message = said if isinstance(said, str) and said else "refused by callback"
    return {"message": message[:500], "code": code[:64] if isinstance(code, str) else "refused"}
