"""Callbacks: a participant says of its own accord how an accepted call ended."""

from typing import Any

from django.db import transaction

from orchestration import callback_tokens, parents
from orchestration.participants.messages import Answer
from orchestration.store import outside


class UnknownToken(LookupError):
    """The token is none of ours, or its saga is not stored any more."""


def take(token: str, answer: Answer) -> bool:
    """Take the participant's answer (succeeded or refused) at once, whoever owns the saga now.

    False: nobody waits for it (any more), and nothing has changed. Raises UnknownToken.
    """
    called = callback_tokens.read(token)
    if called is None or outside.definition_of(called.saga_id) is None:
        raise UnknownToken("there is no such callback")
    with transaction.atomic():
        return parents.deliver(called, answer, "called_back")


def refusal(error: Any) -> dict[str, Any]:
    """A participant's own words about a refusal, a text or `{"error", "code"}`, as an attempt keeps them."""
    said, code = (error.get("error"), error.get("code")) if isinstance(error, dict) else (error, None)
    message = said if isinstance(said, str) and said else "refused by callback"
    return {"message": message[:500], "code": code[:64] if isinstance(code, str) else "refused"}
