"""What the journal of one saga must be: without gaps, every move legal, ending where the rows stand."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from orchestration.core.states import SAGA_MOVES, STEP_MOVES, SagaStatus, StepStatus
from tests.faults.facts import Attempt, Event, Saga, Step


def broken_rules(saga: Saga, steps: Iterable[Step], events: list[Event]) -> Iterator[str]:
    """Everything illegal in the journal of `saga`, in words. `events` in order of seq."""
    if [event.seq for event in events] != list(range(1, saga.journal_length + 1)):
        yield f"the journal has gaps: {[event.seq for event in events]} of {saga.journal_length}"
    yield from _saga_moves(saga, events)
    standing = {step.position: str(StepStatus.PENDING) for step in steps}
    for event in events:
        for move in event.moves.split():
            yield from _step_moves(event, move, standing)
    for step in steps:
        if standing[step.position] != step.status:
            yield f"{step.name} stands {step.status}, its journal ends {standing[step.position]}"


def fallen_epochs(saga: Saga, events: list[Event], attempts: list[Attempt]) -> Iterator[str]:
    """Writes under an epoch lower than an earlier one. `attempts` in order of position, direction and number."""
    for before, after in pairwise(events):
        if after.epoch < before.epoch:
            yield f"journal {after.seq}: epoch {after.epoch} after {before.epoch}"
    for earlier, later in pairwise(attempts):
        same = (earlier.position, earlier.direction) == (later.position, later.direction)
        if same and later.epoch < earlier.epoch:
            yield f"{later.direction} {later.position}, try {later.number}: epoch {later.epoch} after {earlier.epoch}"
    highest = max([*(event.epoch for event in events), *(attempt.epoch for attempt in attempts)], default=0)
    if highest > saga.epoch:
        yield f"its row has epoch {saga.epoch}, below the {highest} that was written"


def _saga_moves(saga: Saga, events: list[Event]) -> Iterator[str]:
    for before, after in pairwise(events):
        legal = after.status == before.status or after.status in SAGA_MOVES[SagaStatus(before.status)]
        if not legal:
            yield f"journal {after.seq}: saga {before.status} -> {after.status}"
    if events and events[0].status != SagaStatus.PENDING and not saga.restarted_from:
        yield f"its journal begins {events[0].status}"
    if events and events[-1].status != saga.status:
        yield f"its row says {saga.status}, its journal ends {events[-1].status}"


def _step_moves(event: Event, move: str, standing: dict[int, str]) -> Iterator[str]:
    position, _colon, path = move.partition(":")
    statuses = path.split(">")
    where = standing.get(int(position))
    if statuses[0] != where:
        yield f"journal {event.seq}: step {position} moves from {statuses[0]}, but stood {where}"
    for before, after in pairwise(statuses):
        if after not in STEP_MOVES[StepStatus(before)]:
            yield f"journal {event.seq}: step {position} {before} -> {after}"
    standing[int(position)] = statuses[-1]
