"""Callbacks: the token in the address is the right, and all that it opens is one answer of one step."""

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema, Status

from orchestration import callback_tokens, callbacks
from orchestration.participants.messages import Answer, Outcome
from orchestration.triggers.rest import answers
from orchestration.triggers.rest.errors import not_found, wrong
from orchestration.triggers.rest.requests import Body, only

router = Router(tags=["callbacks"])
MAX_OUTPUT = 1024 * 1024


def knows_a_token(request: HttpRequest) -> bool:
    """Before the body is read: nobody without a token makes us parse megabytes."""
    if request.resolver_match is None or callback_tokens.read(str(request.resolver_match.kwargs["token"])) is None:
        raise not_found("callback")
    if len(request.body) > MAX_OUTPUT:
        raise wrong("body", "is larger than 1 MiB")
    return True


class CallbackIn(Body):
    state: Literal["done", "refused"]
    output: Any = None
    error: Any = None


class CallbackOut(Schema):
    """`taken` is False for a duplicate and for an answer that comes too late: nothing has changed."""

    taken: bool


@router.post(
    "/{token}", auth=knows_a_token,
    response={200: CallbackOut, **dict.fromkeys((400, 404, 413, 415, 503), answers.ErrorOut)},
)  # fmt: skip
def call_back(request: Any, token: str, body: CallbackIn) -> Any:
    """How a call that was answered with 202 has ended."""
    only(request)
    given = body.model_fields_set
    if body.state == "done":
        if "error" in given:
            raise wrong("error", "belongs to the state refused")
        answer = Answer(Outcome.SUCCEEDED, body.output)
    else:
        if "output" in given:
            raise wrong("output", "belongs to the state done")
        answer = Answer(Outcome.REFUSED, error=callbacks.refusal(body.error))
    try:
        return Status(200, {"taken": callbacks.take(token, answer)})
    except callbacks.UnknownToken as error:
        raise not_found("callback") from error
