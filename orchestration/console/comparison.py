"""Two sagas of one definition side by side: what each step did, where they first went apart, how payloads differ."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from orchestration.console import words
from orchestration.console.differences import Differences, differences
from orchestration.console.words import Look
from orchestration.core.states import Direction, SagaStatus
from orchestration.models import Attempt, Saga, Step

SHOWN_TRIES = 2_000
SUGGESTED = 6
NEAR = 10_000


@dataclass(frozen=True, slots=True)
class Side:
    """One step of one saga. `took`: from its first to its last try, both ways. `ended`: how its tries ended."""

    look: Look
    took: timedelta | None
    ended: list[Look]
    outcomes: tuple[str, ...]
    sent: Any
    answered: Any


@dataclass(frozen=True, slots=True)
class Pair:
    """A step of both; None where a version has no such step. `is_first`: here they went apart first."""

    name: str
    one: Side | None
    other: Side | None
    sent: Differences
    answered: Differences
    is_first: bool = False

    @property
    def differs(self) -> bool:
        """In what became of it; how long it took always differs, and what was sent is told apart."""
        return _course(self.one) != _course(self.other)


@dataclass(frozen=True, slots=True)
class Comparison:
    one: Saga
    other: Saga
    pairs: list[Pair]
    input: Differences

    @property
    def first(self) -> Pair | None:
        return next((pair for pair in self.pairs if pair.is_first), None)


def compare(one: Saga, other: Saga) -> Comparison:
    """`one` and `other` with their steps and inputs."""
    left, right = _sides(one), _sides(other)
    pairs = [_pair(name, left.get(name), right.get(name)) for name in dict.fromkeys([*left, *right])]
    first = next((number for number, pair in enumerate(pairs) if pair.differs), None)
    if first is not None:
        pairs[first] = replace(pairs[first], is_first=True)
    return Comparison(one, other, pairs, differences(one.data.input, other.data.input))


def suggestions(saga: Saga) -> list[Saga]:
    """The newest that went well, of the same definition, among the newest 10,000: what one compares with."""
    ids = Saga.objects.filter(status=SagaStatus.COMPLETED).order_by("-pk").values_list("pk", "definition_name")[:NEAR]
    near = [saga_id for saga_id, name in ids if name == saga.definition_name and saga_id != saga.pk][:SUGGESTED]
    return list(Saga.objects.filter(pk__in=near).order_by("-pk"))


def _sides(saga: Saga) -> dict[str, Side]:
    tries: dict[int, list[Attempt]] = {}
    for attempt in _attempts(saga.pk):
        tries.setdefault(attempt.position, []).append(attempt)
    return {step.name: _side(step, tries.get(step.position, [])) for step in saga.steps.all()}


def _attempts(saga_id: UUID) -> Iterable[Attempt]:
    rows = Attempt.objects.filter(saga_id=saga_id).order_by("started_at", "position", "direction", "number")
    return rows[:SHOWN_TRIES]


def _side(step: Step, tries: list[Attempt]) -> Side:
    actions = [attempt for attempt in tries if attempt.direction == Direction.ACTION]
    took = max(one.finished_at for one in tries) - min(one.started_at for one in tries) if tries else None
    return Side(
        words.STEP[step.status], took, [_ended(attempt) for attempt in tries],
        tuple(f"{attempt.direction} {attempt.outcome}" for attempt in tries),
        sent=actions[-1].request if actions else None, answered=actions[-1].answer if actions else None,
    )  # fmt: skip


def _ended(attempt: Attempt) -> Look:
    undo = attempt.direction == Direction.COMPENSATION
    return words.undone_outcome(attempt.outcome) if undo else words.outcome(attempt.outcome)


def _pair(name: str, one: Side | None, other: Side | None) -> Pair:
    if one is None or other is None:
        nothing = Differences([], is_more=False)
        return Pair(name, one, other, nothing, nothing)
    return Pair(name, one, other, differences(one.sent, other.sent), differences(one.answered, other.answered))


def _course(side: Side | None) -> tuple[Any, ...] | None:
    return None if side is None else (side.look, side.outcomes)
