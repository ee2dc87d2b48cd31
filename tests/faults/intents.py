"""P5, third part: intent before deed. Each effect was made by a call whose intent was committed before it was sent."""

from collections import defaultdict
from collections.abc import Iterator

from orchestration.core.states import OUT, StepStatus
from tests.faults.facts import Event, Facts, by_saga
from tests.faults.verdicts import Miss

_DIRECTIONS = {StepStatus.RUNNING: "action", StepStatus.COMPENSATING: "compensation"}
Intent = tuple[int, str, int]  # position of the step, direction, epoch


def unintended(facts: Facts) -> Iterator[Miss]:
    """Effects under an epoch in which, by the journal, no such call was ever out."""
    events = by_saga(facts.events)
    positions = {(step.saga_id, step.name): step.position for step in facts.steps}
    known: defaultdict[str, set[Intent]] = defaultdict(set)
    for saga_id, its_events in events.items():
        known[saga_id] = set(_intents(its_events))
    for effect in facts.effects:
        position = positions.get((effect.saga_id, effect.step))
        if position is not None and (position, effect.direction, effect.epoch) not in known[effect.saga_id]:
            what = f"the {effect.direction} of {effect.step} took effect under epoch {effect.epoch}"
            yield Miss(effect.saga_id, f"{what}, and the journal has no intent of it")


def _intents(events: list[Event]) -> Iterator[Intent]:
    for event in events:
        for move in event.moves.split():
            position, _colon, path = move.partition(":")
            for status in path.split(">")[1:]:
                if StepStatus(status) in OUT:
                    yield int(position), _DIRECTIONS[StepStatus(status)], event.epoch
