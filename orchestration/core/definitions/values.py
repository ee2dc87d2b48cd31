"""A definition as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from orchestration.core.states import StepKind


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how far apart. The wait before try n+1 is drawn from 0 to `ceiling(n)` (full jitter)."""

    max_attempts: int
    initial: timedelta
    factor: float
    max: timedelta

    def ceiling(self, tries: int) -> timedelta:
        exponent = min(max(tries - 1, 0), 64)
        seconds = min(self.initial.total_seconds() * self.factor**exponent, self.max.total_seconds())
        return timedelta(seconds=seconds)


ACTION_RETRY = RetryPolicy(3, timedelta(seconds=0.5), 2, timedelta(seconds=30))
# How often a sub-saga is looked at, in case nobody tells of its end; and how often its launch, or its undo, is tried.
SUB_SAGA_RETRY = RetryPolicy(10, timedelta(seconds=2), 2, timedelta(seconds=600))
COMPENSATION_RETRY = RetryPolicy(10, timedelta(seconds=0.5), 2, timedelta(seconds=300))


@dataclass(frozen=True, slots=True)
class StepDefinition:
    """One local transaction of a participant and its undo; or a person's decision, or a timer, or another saga.

    saga: the name of the definition of that other saga. compensation: None where there is nothing to undo. participant,
    action: empty unless `kind` is a call. timeout: of one call; None: as long as its participant is given.
    wait: how long a person may take to decide, or the timer runs. permission: who may decide.
    answer_within: how long an accepted call may take, by the document. longest_wait: the same, or else the length of
    the saga's deadline. place: where in the document it stands.
    """

    index: int
    stage: int
    name: str
    participant: str
    action: str
    compensation: str | None = None
    payload: str | None = None
    timeout: timedelta | None = None
    retry: RetryPolicy = ACTION_RETRY
    compensation_retry: RetryPolicy = COMPENSATION_RETRY
    hold_when_exhausted: bool = False
    compensate_when_refused: bool = True
    kind: StepKind = StepKind.CALL
    when: str | None = None
    pivot: bool = False
    answer_within: timedelta | None = None
    longest_wait: timedelta = timedelta(days=1)
    permission: str = ""
    wait: timedelta | None = None
    place: str = ""
    saga: str = ""


@dataclass(frozen=True, slots=True)
class SagaDefinition:
    """A whole document. concurrency: so many of its sagas may be in flight at once. lock_key: an expression; of the
    sagas for which it finds the same value in the input, one lives at a time."""

    name: str
    title: str
    deadline: timedelta
    business_key: str | None
    input_schema: Mapping[str, Any]
    steps: tuple[StepDefinition, ...]
    description: str = ""
    concurrency: int | None = None
    lock_key: str | None = None
