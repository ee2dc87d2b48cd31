"""From a step that is to be called to the command, and from the answer to the attempt that is kept."""

import json
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from orchestration.core import data, mapping
from orchestration.core.saga_state import StepState
from orchestration.core.states import Direction
from orchestration.participants.call import output_text
from orchestration.participants.messages import Answer, Command, Outcome, problem
from orchestration.store.rows import AttemptRow, StoredSaga

_compact = json.JSONEncoder(separators=(",", ":")).encode
MAX_REQUEST_KEPT = 64 * 1024


class Finished(NamedTuple):
    """A call that has ended."""

    saga_id: UUID
    step: int
    answer: Answer
    attempt: AttemptRow
    luck: float
    participant: str

    def unrecordable(self) -> "Finished":
        """The same without anything that the participant said: nobody knows what came of it."""
        answer = Answer(Outcome.IN_DOUBT, error=problem("the answer could not be stored", "unrecordable"))
        return self._replace(answer=answer, attempt=without_words(self.attempt))


def command_for(saga: StoredSaga, step: StepState, timeout: float) -> Command:
    """What is sent for `step` in its present direction, within `timeout` seconds.

    Raises MappingError when the payload cannot be made.
    """
    definition = step.definition
    undoing = step.direction is Direction.COMPENSATION
    return Command(
        saga_id=step.origin_saga_id or saga.id, waits_id=saga.id, saga=saga.definition.name,
        business_key=saga.business_key, step=definition.name, direction=step.direction,
        target=(definition.compensation or "") if undoing else definition.action,
        participant=definition.participant, attempt=step.attempt, epoch=saga.epoch,
        timeout=timeout,
        input=data.payload(saga.state, step),
        output=saga.state.outputs.get(definition.name) if undoing else None,
        ask_first=step.may_have_effect,
        position=definition.index,
    )  # fmt: skip


def cannot_be_made(error: mapping.MappingError) -> Answer:
    """A payload that fails on this saga's data is a refusal that never left the worker."""
    return Answer(Outcome.REFUSED, error=problem(str(error), "mapping"), sent=False)


def finished(
    saga: StoredSaga, step: StepState, command: Command | None, answer: Answer, now: datetime, luck: float
) -> Finished:
    """The ended call as a row to keep and an event to decide on."""
    answer, answer_text = output_text(answer)
    attempt = AttemptRow(
        position=step.definition.index, direction=step.direction, number=step.attempt, epoch=saga.epoch,
        started_at=step.attempt_started_at or now, finished_at=now, outcome=answer.outcome,
        request=_request_text(command), answer=answer_text,
        error=_compact(answer.error) if answer.error is not None else None, fault=answer.fault,
    )  # fmt: skip
    return Finished(saga.id, step.definition.index, answer, attempt, luck, step.definition.participant)


def without_words(attempt: AttemptRow) -> AttemptRow:
    """The attempt without anything that a participant said."""
    said = '{"message": "the answer could not be stored", "code": "unrecordable"}'
    return attempt._replace(request=None, answer=None, error=said, outcome="in_doubt")


def given_up(saga: StoredSaga, now: datetime) -> list[AttemptRow]:
    """The calls that are still out when the worker is told to stop, as attempts of which nobody knows the end."""
    error = json.dumps(problem("the worker was told to stop while the call was out", "worker_stopped"))
    return [
        AttemptRow(
            position=step.definition.index, direction=step.direction, number=step.attempt, epoch=saga.epoch,
            started_at=step.attempt_started_at or now, finished_at=now, outcome="lost", error=error,
        )
        for step in saga.state.calls_out()
    ]  # fmt: skip


def _request_text(command: Command | None) -> str | None:
    if command is None:
        return None
    text = _compact(command.input)
    return text if len(text) <= MAX_REQUEST_KEPT else json.dumps({"cut": text[:MAX_REQUEST_KEPT]})
