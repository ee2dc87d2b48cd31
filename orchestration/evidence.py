"""What participants say of a saga's steps, asked when a person wants to know: status endpoint and ledger.

Nothing is stored and nothing is decided on it. What comes back is a participant's word, for people to read.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from orchestration.core.states import OUT, Direction, StepStatus
from orchestration.models import DefinitionStep, Participant, Saga, Step
from orchestration.participants.http import HttpParticipant, NotTold
from orchestration.participants.transports import Connected, Transports

LEDGER_PATH = "/ledger"
AT_ONCE = 20
IN_ALL_SECONDS = 12.0
MAX_ENTRIES = 50
NO_ENDPOINT = "no_endpoint"
_STANDS = {"done": True, "compensated": False, "refused": False, "absent": False}
_NOT_SERVED = (404, 405, 501)


@dataclass(frozen=True, slots=True)
class Question:
    """One GET: what is asked of whom. `path` "": there is nobody to ask."""

    participant: str
    path: str
    params: dict[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What came back. `trouble`: why nothing did, as a code of NotTold or NO_ENDPOINT; empty when something did."""

    asked_at: datetime
    body: Any = None
    trouble: str = ""
    detail: str = ""

    @property
    def state(self) -> str:
        """The word of a status endpoint; empty when it said none."""
        state = self.body.get("state") if isinstance(self.body, dict) else None
        return state if isinstance(state, str) else ""


@dataclass(frozen=True, slots=True)
class KeyEvidence:
    """What the status endpoint says of one key."""

    direction: str
    key: str
    told: Told


@dataclass(frozen=True, slots=True)
class StepEvidence:
    """One step: our belief, the participant's word on its keys, and its lines in the participant's ledger.

    `stands`: whether we believe that its effect stands; None: nobody knows, or the call is out.
    """

    step: Step
    participant: str
    stands: bool | None
    keys: list[KeyEvidence]
    ledger: Told
    entries: list[dict[str, Any]] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Whether we believe one thing, and the participant clearly says another."""
        said = {self._by_keys(), self._by_ledger()} - {None}
        return self.stands is not None and (not self.stands) in said

    def _by_keys(self) -> bool | None:
        undo = [_STANDS.get(one.told.state) for one in self.keys if one.direction == Direction.COMPENSATION]
        do = [_STANDS.get(one.told.state) for one in self.keys if one.direction == Direction.ACTION]
        return False if True in undo else next(iter(do), None)

    def _by_ledger(self) -> bool | None:
        if self.ledger.trouble:
            return None
        ways = [entry.get("direction") for entry in self.entries]
        return ways.count(Direction.ACTION) > ways.count(Direction.COMPENSATION)


def of_saga(saga: Saga, only: str = "") -> list[StepEvidence]:
    """Ask about every step (or the `only` one) that was ever called, all at once, for twelve seconds at most."""
    plan = {
        row.position: row
        for row in DefinitionStep.objects.select_related("participant").filter(definition_id=saga.definition_id)
    }
    called = [step for step in saga.steps.all() if _was_called(step) and only in ("", step.name)]
    pairs = [(step, plan[step.position].participant) for step in called]
    asked = [(step, participant) for step, participant in pairs if participant is not None]
    questions = [
        question for step, participant in asked for question in _questions(_name_of(saga, step), step, participant)
    ]
    answers = asyncio.run(_ask_all(questions, {participant.name: participant for _step, participant in asked}))
    return [_evidence(_name_of(saga, step), step, participant, answers) for step, participant in asked]


def _name_of(saga: Saga, step: Step) -> UUID:
    """The id that its participant knows the step by: a step that a restart has kept was done by another saga."""
    return step.origin_saga_id or saga.pk


def _questions(saga_id: UUID, step: Step, participant: Participant) -> list[Question]:
    return [
        *(question for _way, question in _about_keys(saga_id, step, participant)),
        _about_ledger(saga_id, participant),
    ]


def _was_called(step: Step) -> bool:
    return step.action_attempts > 0 or step.origin_saga_id is not None


def _about_keys(saga_id: UUID, step: Step, participant: Participant) -> list[tuple[str, Question]]:
    ways = [Direction.ACTION, *([Direction.COMPENSATION] if step.compensation_attempts else [])]
    return [
        (way.value, Question(participant.name, participant.status_path, {"key": f"{saga_id}:{step.name}:{way.value}"}))
        for way in ways
    ]


def _about_ledger(saga_id: UUID, participant: Participant) -> Question:
    path = LEDGER_PATH if participant.transport == Participant.Transport.HTTP else ""
    return Question(participant.name, path, {"saga_id": str(saga_id)})


async def _ask_all(questions: Iterable[Question], known: dict[str, Participant]) -> dict[str, Told]:
    """The answers by question, each asked once."""
    reach = {one.name: HttpParticipant(one.base_url, one.status_path, one.secret) for one in known.values()}
    transports = Transports(reach.__getitem__)
    room, began_at = asyncio.Semaphore(AT_ONCE), timezone.now()
    once = {str(question): question for question in questions}
    tasks = {
        name: asyncio.create_task(_ask(transports.over_network(known[question.participant].transport), room, question))
        for name, question in once.items()
    }
    try:
        if tasks:
            await asyncio.wait(tasks.values(), timeout=IN_ALL_SECONDS)
        late = Told(began_at, trouble="timeout", detail=f"no answer in {IN_ALL_SECONDS:g} s")
        return {name: task.result() if task.done() else late for name, task in tasks.items()}
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        await transports.close()


async def _ask(transport: Connected | None, room: asyncio.Semaphore, question: Question) -> Told:
    async with room:
        told = Told(timezone.now())
        if not question.path or transport is None:
            return replace(told, trouble=NO_ENDPOINT)
        try:
            body = await transport.look_up(question.participant, question.path, **question.params)
        except NotTold as error:
            not_served = error.status in _NOT_SERVED and question.path == LEDGER_PATH
            return replace(told, trouble=NO_ENDPOINT if not_served else error.code, detail=str(error))
    if question.path == LEDGER_PATH and not (isinstance(body, dict) and isinstance(body.get("entries"), list)):
        return replace(told, trouble="invalid_answer", detail="the ledger's answer holds no list of entries")
    return replace(told, body=body)


def _evidence(saga_id: UUID, step: Step, participant: Participant, answers: dict[str, Told]) -> StepEvidence:
    keys = [
        KeyEvidence(way, question.params["key"], answers[str(question)])
        for way, question in _about_keys(saga_id, step, participant)
    ]
    ledger = answers[str(_about_ledger(saga_id, participant))]
    return StepEvidence(step, participant.name, _believed(step), keys, ledger, _entries(ledger, saga_id, step))


def _entries(ledger: Told, saga_id: UUID, step: Step) -> list[dict[str, Any]]:
    """The lines of this step. A ledger that ignores the filter is no reason to show another saga's."""
    lines = [] if ledger.trouble else ledger.body["entries"]
    mine = {"saga_id": str(saga_id), "step": step.name}
    fitting = [line for line in lines if isinstance(line, dict) and mine.items() <= line.items()]
    return fitting[:MAX_ENTRIES]


def _believed(step: Step) -> bool | None:
    if step.in_doubt or step.status in OUT or step.status == StepStatus.WAITING:
        return None
    return step.status != StepStatus.COMPENSATED and (step.done or step.status == StepStatus.SUCCEEDED)
