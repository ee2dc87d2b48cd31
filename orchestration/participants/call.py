"""One try of one step: ask first where an earlier try may have had an effect, send, and ask again when in doubt."""

import json
from collections.abc import Awaitable, Callable

from orchestration.faults import Fault, inject
from orchestration.participants.messages import Answer, Command, Outcome, Transport, problem
from orchestration.strict_json import is_deeper

_strict = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
MAX_DEPTH = 256  # as in a callback
BeforeSending = Callable[[Command], Awaitable[Fault | None]]


async def call(command: Command, transport: Transport, before_sending: BeforeSending) -> Answer:
    """Make one try and return what is known at its end.

    `before_sending` is awaited right before anything is sent: it may raise (the lease is lost) and says which fault,
    if any, is to be injected.
    """
    if command.ask_first:
        told = await transport.ask(command)
        if told is not None and told.outcome is not Outcome.ABSENT:
            return told
    fault = await before_sending(command)
    answer = await (transport.send(command) if fault is None else inject(fault, command, transport))
    if answer.outcome is Outcome.IN_DOUBT:
        told = await transport.ask(command)
        if told is not None and told.outcome is not Outcome.ABSENT:
            answer = told._replace(error=answer.error, fault=answer.fault)
    return answer


def output_text(answer: Answer) -> tuple[Answer, str | None]:
    """The answer's output as JSON text. What cannot be JSON counts as an invalid answer, which is in doubt.

    So does what is nested so deeply that it could be stored here and not be read elsewhere.
    """
    if answer.output is None:
        return answer, None
    try:
        text = _strict(answer.output)
        if text.count("[") + text.count("{") > MAX_DEPTH and is_deeper(answer.output, MAX_DEPTH):
            raise ValueError(f"is nested more than {MAX_DEPTH} deep")
    except (TypeError, ValueError, RecursionError) as error:
        said = problem(f"invalid answer: {error}"[:500], "invalid_answer")
        return Answer(Outcome.IN_DOUBT, error=said, fault=answer.fault), None
    return answer, text
