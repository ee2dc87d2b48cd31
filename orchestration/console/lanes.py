"""The picture of a saga: stages from left to right, each step with a forward cell above and an undo cell below.

Where the saga turned back, the forward lane bends into the undo lane, which runs back to the first stage.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from orchestration.console import words
from orchestration.console.words import Look
from orchestration.core.definitions import StepDefinition
from orchestration.core.states import UNDOING, Direction, SagaStatus, StepKind, StepStatus
from orchestration.models import Saga, Step

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
    """One direction of one step. `look` None: nothing happened there (yet).

    `until`: when a timer ends, or a decision or an accepted call's answer may come at the latest.
    """

    look: Look | None
    target: str
    ticks: list[Look] = field(default_factory=list)
    hidden_ticks: int = 0
    spent: timedelta | None = None
    out_since: datetime | None = None
    next_try_at: datetime | None = None
    until: datetime | None = None
    in_doubt: bool = False

    @property
    def shows_ticks(self) -> bool:
        """One try that ended well says nothing that the word does not."""
        return len(self.ticks) + bool(self.out_since) > 1


@dataclass(frozen=True, slots=True)
class Stop:
    """A step with its two cells. `condition_was_false`: that is why it was skipped.

    `is_left_as_is`: the saga has turned back, and the definition has no undo for what this step did.
    """

    number: int
    step: Step
    planned: StepDefinition
    forward: Cell
    back: Cell
    error: str
    condition_was_false: bool
    is_left_as_is: bool

    @property
    def name(self) -> str:
        return self.step.name


@dataclass(frozen=True, slots=True)
class Stage:
    """Steps side by side. `turns`: the saga turned back here. The lanes were travelled on from here where they `went`,
    and will be where they `lead`."""

    stops: list[Stop]
    turns: bool
    went: bool
    went_back: bool
    leads_back: bool

    @property
    def is_group(self) -> bool:
        return len(self.stops) > 1

    @property
    def is_pivot(self) -> bool:
        return any(stop.planned.pivot for stop in self.stops)


def stages(
    saga: Saga,
    steps: list[Step],
    plan: tuple[StepDefinition, ...],
    tries: Iterable[Try],
    unwanted: Collection[str] = (),
) -> list[Stage]:
    """The picture, stage by stage. `unwanted`: names of steps whose condition was false."""
    by_cell: dict[tuple[int, str], list[Try]] = {}
    for one in tries:
        by_cell.setdefault((one.position, one.direction), []).append(one)
    turn = turning_point(saga, steps)
    stops = [
        Stop(
            number=step.position + 1,
            step=step,
            planned=planned,
            forward=_forward(step, planned, by_cell.get((step.position, Direction.ACTION), [])),
            back=_back(step, planned, by_cell.get((step.position, Direction.COMPENSATION), [])),
            error=message(step.error),
            condition_was_false=step.name in unwanted,
            is_left_as_is=turn is not None and _has_no_undo(step, planned),
        )
        for step, planned in zip(steps, plan, strict=True)
    ]
    groups = [list(group) for _stage, group in groupby(stops, key=lambda stop: stop.planned.stage)]
    return [_stage(group, groups[index + 1 : index + 2], turn) for index, group in enumerate(groups)]


def _stage(group: list[Stop], following: list[list[Stop]], turn: int | None) -> Stage:
    here = group[0].planned.stage
    undone = any(stop.step.status in UNDOING or _is_left(stop.step) for stop in group)
    begun = any(_has_begun(stop.step) for stops in following for stop in stops)
    before_turn = turn is not None and here < turn
    return Stage(
        group, turns=here == turn, went=begun, went_back=before_turn and undone, leads_back=before_turn and not undone
    )


def turning_point(saga: Saga, steps: list[Step]) -> int | None:
    """The last stage that the way back begins with; None while the saga only went forward."""
    went_back = [step for step in steps if step.status in UNDOING or step.effect_stands]
    if not went_back and saga.status not in _BACK:
        return None
    touched = [step.stage for step in steps if step.started_at or step.action_attempts or step.status in UNDOING]
    return max(touched, default=None)


def forward_look(step: Step) -> Look:
    """What became of the action, also when the step is being undone by now."""
    if step.status in UNDOING or _is_left(step):
        return words.STEP[S.FAILED if step.error else S.SUCCEEDED]
    return words.STEP[step.status]


def _has_no_undo(step: Step, planned: StepDefinition) -> bool:
    done = step.done or step.status == S.SUCCEEDED
    return planned.kind is StepKind.CALL and planned.compensation is None and done


def _has_begun(step: Step) -> bool:
    return bool(step.action_attempts) or step.status not in (S.PENDING, S.SKIPPED)


def _is_left(step: Step) -> bool:
    return step.status == S.SKIPPED and step.effect_stands


def _forward(step: Step, planned: StepDefinition, tries: list[Try]) -> Cell:
    going = step.status not in UNDOING
    is_call = planned.kind is StepKind.CALL
    waits = going and step.status in (S.DUE, S.WAITING) and is_call and step.action_attempts
    return Cell(
        look=forward_look(step),
        target=planned.action,
        ticks=[words.outcome(one.outcome) for one in tries[-MAX_TICKS:]],
        hidden_ticks=max(len(tries) - MAX_TICKS, 0),
        spent=_spent(tries),
        out_since=step.attempt_started_at if step.status == S.RUNNING else None,
        next_try_at=step.due_at if waits and step.due_at != step.answer_by else None,
        until=_waits_until(step, planned) if step.status == S.WAITING else None,
        in_doubt=step.in_doubt and going,
    )


def _waits_until(step: Step, planned: StepDefinition) -> datetime | None:
    """A sub-saga is waited for however long it takes."""
    if planned.kind is StepKind.SAGA:
        return None
    return step.answer_by if planned.kind is StepKind.CALL else step.due_at


def _back(step: Step, planned: StepDefinition, tries: list[Try]) -> Cell:
    undoing = step.status in UNDOING
    waits = step.status == S.COMPENSATION_DUE and step.compensation_attempts and planned.kind is not StepKind.SAGA
    return Cell(
        look=words.STEP[step.status] if undoing or _is_left(step) else None,
        target=planned.compensation or "",
        ticks=[words.undone_outcome(one.outcome) for one in tries[-MAX_TICKS:]],
        hidden_ticks=max(len(tries) - MAX_TICKS, 0),
        spent=_spent(tries),
        out_since=step.attempt_started_at if step.status == S.COMPENSATING else None,
        next_try_at=step.due_at if waits and step.due_at != step.answer_by else None,
        until=step.answer_by if waits else None,
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
