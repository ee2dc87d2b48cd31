"""The picture of a saga: each step is a stop with a forward cell above and an undo cell below.

Where the saga turned back, the forward lane bends into the undo lane, which runs back to the first step.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from orchestration.console import words
from orchestration.console.words import Look
from orchestration.core.states import UNDOING, Direction, SagaStatus, StepStatus
from orchestration.models import Saga, Step
from orchestration.models.definitions import DefinitionStep

S = StepStatus
MAX_TICKS = 24
_BACK = frozenset({SagaStatus.COMPENSATING, SagaStatus.COMPENSATED})


@dataclass(frozen=True, slots=True)
class Try:
    """An ended attempt, as much of it as the picture needs."""

    position: int
    direction: str
    number: int
    outcome: str
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class Cell:
    """One direction of one step. `look` None: nothing happened there (yet). `went`: the lane was travelled here."""

    look: Look | None
    target: str
    ticks: list[Look] = field(default_factory=list)
    hidden_ticks: int = 0
    spent: timedelta | None = None
    out_since: datetime | None = None
    next_try_at: datetime | None = None
    went: bool = False
    leads: bool = False
    in_doubt: bool = False

    @property
    def shows_ticks(self) -> bool:
        """One try that ended well says nothing that the word does not."""
        return len(self.ticks) + bool(self.out_since) > 1


@dataclass(frozen=True, slots=True)
class Stop:
    """A step: where its two cells stand. `turns`: the saga turned back here."""

    name: str
    participant: str
    forward: Cell
    back: Cell
    turns: bool
    error: str


def stops(saga: Saga, steps: list[Step], plan: list[DefinitionStep], tries: Iterable[Try]) -> list[Stop]:
    """The picture, step by step. `plan` holds the definition's rows of the same positions."""
    by_cell: dict[tuple[int, str], list[Try]] = {}
    for one in tries:
        by_cell.setdefault((one.position, one.direction), []).append(one)
    turn = turning_point(saga, steps)
    return [
        Stop(
            name=step.name,
            participant=planned.participant_name,
            forward=_forward(steps, index, planned, by_cell.get((step.position, Direction.ACTION), [])),
            back=_back(step, planned, by_cell.get((step.position, Direction.COMPENSATION), []), turn, index),
            turns=index == turn,
            error=message(step.error),
        )
        for index, (step, planned) in enumerate(zip(steps, plan, strict=True))
    ]


def turning_point(saga: Saga, steps: list[Step]) -> int | None:
    """The index of the last step that the way back begins with; None while the saga only went forward."""
    went_back = [index for index, step in enumerate(steps) if step.status in UNDOING or step.effect_stands]
    if not went_back and saga.status not in _BACK:
        return None
    touched = [index for index, step in enumerate(steps) if step.action_attempts or step.status in UNDOING]
    return max(touched, default=None)


def forward_look(step: Step) -> Look:
    """What became of the action, also when the step is being undone by now."""
    if step.status in UNDOING or (step.status == S.SKIPPED and step.effect_stands):
        return words.STEP[S.FAILED if step.error else S.SUCCEEDED]
    return words.STEP[step.status]


def _forward(steps: list[Step], index: int, planned: DefinitionStep, tries: list[Try]) -> Cell:
    step = steps[index]
    following = steps[index + 1] if index + 1 < len(steps) else None
    going = step.status not in UNDOING
    return Cell(
        look=forward_look(step),
        target=planned.action,
        ticks=[words.outcome(one.outcome) for one in tries[-MAX_TICKS:]],
        hidden_ticks=max(len(tries) - MAX_TICKS, 0),
        spent=_spent(tries),
        out_since=step.attempt_started_at if step.status == S.RUNNING else None,
        next_try_at=step.due_at if going and step.status in (S.DUE, S.WAITING) and step.action_attempts else None,
        went=bool(following and (following.action_attempts or following.status not in (S.PENDING, S.SKIPPED))),
        in_doubt=step.in_doubt and going,
    )


def _back(step: Step, planned: DefinitionStep, tries: list[Try], turn: int | None, index: int) -> Cell:
    undoing = step.status in UNDOING
    left = step.status == S.SKIPPED and step.effect_stands
    return Cell(
        look=words.STEP[step.status] if undoing or left else None,
        target=planned.compensation,
        ticks=[words.undone_outcome(one.outcome) for one in tries[-MAX_TICKS:]],
        hidden_ticks=max(len(tries) - MAX_TICKS, 0),
        spent=_spent(tries),
        out_since=step.attempt_started_at if step.status == S.COMPENSATING else None,
        next_try_at=step.due_at if step.status == S.COMPENSATION_DUE and step.compensation_attempts else None,
        went=turn is not None and index < turn and (undoing or left),
        leads=turn is not None and index < turn,
        in_doubt=step.in_doubt and undoing,
    )


def _spent(tries: list[Try]) -> timedelta | None:
    return tries[-1].finished_at - tries[0].started_at if tries else None


def message(error: object) -> str:
    """The participant's own words in a stored error."""
    if not isinstance(error, dict):
        return ""
    return str(error.get("message") or error.get("error") or "")


def code(error: object) -> str:
    """The error's code, after the status that the participant answered with, if it answered."""
    if not isinstance(error, dict):
        return ""
    return " ".join(str(error[key]) for key in ("status", "code") if error.get(key))


def step_look(step: Step) -> Look:
    """A step as one mark: where it stands now."""
    return words.STEP[step.status]
