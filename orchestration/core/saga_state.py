"""What a decision looks at: one saga with its steps, as values.

Named tuples: a changed copy costs a quarter of what it costs with frozen dataclasses, and the drain makes many.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from orchestration.core.definitions import RetryPolicy, StepDefinition
from orchestration.core.states import ANSWERED, ENDED, OUT, UNDOING, Direction, SagaStatus, StepStatus

NO_DATA: Mapping[str, Any] = {}
LOSSES_IN_COMPANY = 2


class Stuck(StrEnum):
    """Why only a human can move a saga on."""

    COMPENSATION_REFUSED = "compensation_refused"
    NEVER_UNDOABLE = "never_undoable"
    COMPENSATION_EXHAUSTED = "compensation_exhausted"
    HELD = "held"
    PIVOT_IN_DOUBT = "pivot_in_doubt"
    PIVOT_NOT_APPLIED = "pivot_not_applied"
    PAST_PIVOT = "past_pivot"
    STILL_FAILED = "still_failed"
    WORKER_DIED = "worker_died"
    STALE_EPOCH = "stale_epoch"
    CANNOT_GO_ON = "cannot_go_on"
    SUB_SAGA_ABANDONED = "sub_saga_abandoned"


class StepState(NamedTuple):
    """Where a step stands. `tries` counts against the budget of the present direction; the attempt counters only grow.

    sent: a try of the present direction left the worker. refused_only: each of them was refused or never sent.
    due_at: when something happens by itself: the next try, the next poll, the end of a timer or of a wait.
    done: the action took effect, or was still in doubt when its undo began. It stays so after the undo.
    answer_by: the participant has accepted the call; unanswered at this time, it is in doubt.
    edited_input: what an operator has put in the place of the call's payload; None: nothing.
    origin_saga_id: the saga that did this step, where a restart has kept it; its undo is sent in that saga's name.
    """

    definition: StepDefinition
    status: StepStatus = StepStatus.PENDING
    in_doubt: bool = False
    sent: bool = False
    refused_only: bool = True
    effect_stands: bool = False
    never_undoable: bool = False
    tries: int = 0
    losses: int = 0
    stale_answers: int = 0
    action_attempts: int = 0
    compensation_attempts: int = 0
    due_at: datetime | None = None
    attempt_started_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    done: bool = False
    answer_by: datetime | None = None
    origin_saga_id: Any = None
    edited_input: Any = None

    @property
    def undoing(self) -> bool:
        return self.status in UNDOING

    @property
    def direction(self) -> Direction:
        return Direction.COMPENSATION if self.undoing else Direction.ACTION

    @property
    def attempt(self) -> int:
        """The number of the latest try in the present direction."""
        return self.compensation_attempts if self.undoing else self.action_attempts

    @property
    def policy(self) -> RetryPolicy:
        return self.definition.compensation_retry if self.undoing else self.definition.retry

    @property
    def may_have_effect(self) -> bool:
        """Whether some try may have had an effect: then ask before sending again."""
        return self.sent and not self.refused_only

    @property
    def unanswered(self) -> bool:
        """Whether a call is out, or was accepted and its answer is still to come."""
        accepted = self.status is StepStatus.WAITING and self.definition.kind in ANSWERED
        return accepted or self.status in OUT or self.answer_by is not None

    @property
    def is_suspect(self) -> bool:
        """A step that lost its worker is next tried with nothing but other suspects in the drain."""
        return self.losses > 0

    @property
    def must_be_alone(self) -> bool:
        """A step that lost its worker among suspects too is next tried in a drain that holds nothing else."""
        return self.losses >= LOSSES_IN_COMPANY


class SagaState(NamedTuple):
    """A saga with its steps, in the order of its definition. `outputs`: what the actions answered, by step name.

    overdue: its deadline has passed and was taken into account. stuck_code: why it is stuck, or, while the last calls
    are still out, why it will be.
    """

    status: SagaStatus
    steps: tuple[StepState, ...]
    deadline_at: datetime
    paused: bool = False
    stuck_code: str = ""
    stuck_reason: str = ""
    overdue: bool = False
    input: Mapping[str, Any] = NO_DATA
    outputs: Mapping[str, Any] = NO_DATA

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    def calls_out(self) -> list[StepState]:
        """The steps whose call is out now."""
        return [step for step in self.steps if step.status in OUT]

    def wake_at(self, now: datetime) -> datetime | None:
        """When a drain must next look at this saga; None: never by itself."""
        if self.ended or self.status is SagaStatus.STUCK:
            return None
        forward = self.status in (SagaStatus.PENDING, SagaStatus.RUNNING)
        times = [self.deadline_at] if forward and not (self.overdue or self.stuck_code) else []
        if not self.paused:
            times += [step.due_at for step in self.steps if step.due_at is not None]
        if self.calls_out():
            times.append(now)
        return min(times, default=None)
