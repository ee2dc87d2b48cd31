"""A saga being changed: collects moves, refuses illegal ones, and ends as a Decision."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from orchestration.core.saga_state import SagaState, StepState, Stuck
from orchestration.core.states import OUT, SAGA_MOVES, STEP_MOVES, SagaStatus, StepStatus

S = StepStatus

# What changes nothing that an operator's act depends on: a step that is due or out is the same to them.
_WAIT_FOR_A_PERSON = (S.FAILED, S.COMPENSATION_FAILED)
_AS_OPERATORS_SEE_IT = {S.RUNNING: S.DUE, S.COMPENSATING: S.COMPENSATION_DUE}


class IllegalMove(RuntimeError):
    """A rule asked for a move that the tables in `states` forbid: a bug in the rules."""


class NotAllowed(Exception):
    """An operator's act does not fit the saga as it stands; the text says why."""


class WhichStep(NotAllowed):
    """The act fits more than one step, and none was named."""

    def __init__(self, fitting: Sequence[StepState]) -> None:
        self.steps = tuple(step.definition.index for step in fitting)
        super().__init__("more than one step fits; name one of " + ", ".join(one.definition.name for one in fitting))


class Move(NamedTuple):
    """The statuses that one step went through: `path[0]` is where it stood."""

    step: int
    path: tuple[StepStatus, ...]

    def __str__(self) -> str:
        return f"{self.step}:{'>'.join(self.path)}"


NO_ERRORS: Mapping[int, Mapping[str, Any] | None] = {}


class Decision(NamedTuple):
    """What follows from an event: the saga before and after, the moves between, and why (for the journal).

    errors: what to keep as the error of a step, by its index, where no attempt says it; None: it has none any more.
    """

    before: SagaState
    after: SagaState
    moves: tuple[Move, ...] = ()
    why: str = ""
    errors: Mapping[int, Mapping[str, Any] | None] = NO_ERRORS

    @property
    def new_outputs(self) -> dict[int, Any]:
        """What actions have answered in this decision, by step index."""
        if self.after.outputs is self.before.outputs:
            return {}
        indices = {step.definition.name: step.definition.index for step in self.after.steps}
        old, new = self.before.outputs, self.after.outputs
        return {indices[name]: value for name, value in new.items() if name not in old or value is not old[name]}

    @property
    def changed_steps(self) -> list[StepState]:
        pairs = zip(self.before.steps, self.after.steps, strict=True)
        return [new for old, new in pairs if new is not old]

    @property
    def changes_revision(self) -> bool:
        return (
            self.before.status is not self.after.status
            or self.before.paused is not self.after.paused
            or any(map(_looks_otherwise, self.before.steps, self.after.steps))
        )


def _looks_otherwise(old: StepState, new: StepState) -> bool:
    """Another status; or without one an edited input, or a doubt resolved on a step that waits for a person."""
    if new is old:
        return False
    if _as_operators_see_it(old) is not _as_operators_see_it(new):
        return True
    resolved = new.status in _WAIT_FOR_A_PERSON and new.status is old.status and new.in_doubt is not old.in_doubt
    return resolved or (new.edited_input is not old.edited_input and new.edited_input != old.edited_input)


def _as_operators_see_it(step: StepState) -> StepStatus:
    """A call that asks how an accepted one goes is still the wait for it: it begins and ends several times a minute."""
    if step.status is S.RUNNING and step.answer_by is not None:
        return S.WAITING
    return _AS_OPERATORS_SEE_IT.get(step.status, step.status)


class Draft:
    """Working copy of a saga. Rules read `steps` and call `move`, `touch`, `turn`, `stick`."""

    def __init__(self, saga: SagaState, now: datetime) -> None:
        self.before = saga
        self.now = now
        self.status = saga.status
        self.paused = saga.paused
        self.steps = list(saga.steps)
        self.input = saga.input
        self.stuck_code = saga.stuck_code
        self.stuck_reason = saga.stuck_reason
        self.outputs = saga.outputs
        self.overdue = saga.overdue
        self.errors: dict[int, Mapping[str, Any] | None] = {}
        self.why = ""
        self._paths: dict[int, list[StepStatus]] = {}

    def move(self, index: int, *path: StepStatus, **changes: Any) -> None:
        """Move step `index` along `path` and set `changes`. Raises IllegalMove."""
        step = self.steps[index]
        walked = self._paths.setdefault(index, [step.status])
        for status in path:
            if status is walked[-1]:
                continue  # it stays where it is, with other fields
            if status not in STEP_MOVES[walked[-1]]:
                raise IllegalMove(f"step {index}: {walked[-1]} -> {status}")
            walked.append(status)
        self.steps[index] = step._replace(status=path[-1], **changes)

    def touch(self, index: int, **changes: Any) -> None:
        """Set fields of a step without a move."""
        self.steps[index] = self.steps[index]._replace(**changes)

    def doubt(self, index: int) -> None:
        """Somebody may have heard a call of step `index`, and nobody has confirmed what came of it."""
        self.touch(index, sent=True, refused_only=False, in_doubt=True)

    def turn(self, status: SagaStatus) -> None:
        """Give the saga another status. Raises IllegalMove."""
        if status is self.status:
            return
        if status not in SAGA_MOVES[self.status]:
            raise IllegalMove(f"saga: {self.status} -> {status}")
        self.status = status
        if status is not SagaStatus.STUCK:
            self.stuck_code = self.stuck_reason = ""

    def stick(self, code: Stuck, reason: str) -> None:
        """Only a human moves it from here, for the first reason there is."""
        self.why = reason
        if not self.stuck_code:
            self.stuck_code, self.stuck_reason = code.value, reason
        self.come_to_rest()

    def stick_anew(self, code: Stuck, reason: str) -> None:
        """The reason for which it is stuck holds no more, and this one does."""
        self.stuck_code = ""
        self.stick(code, reason)

    def come_to_rest(self) -> None:
        """A saga that begins no new call becomes stuck when the last one that is out has ended."""
        if self.stuck_code and not any(step.status in OUT for step in self.steps):
            self.turn(SagaStatus.STUCK)

    def keep_output(self, index: int, output: Any) -> None:
        """What the action of step `index` answered; None: nothing."""
        if output is not None:
            self.outputs = {**self.outputs, self.steps[index].definition.name: output}

    def decision(self) -> Decision:
        before = self.before
        after = SagaState(
            self.status, tuple(self.steps), before.deadline_at, self.paused, self.stuck_code, self.stuck_reason,
            self.overdue, before.input, self.outputs,
        )  # fmt: skip
        moves = tuple(Move(index, tuple(path)) for index, path in sorted(self._paths.items()) if len(path) > 1)
        return Decision(before, after, moves, self.why, self.errors)
