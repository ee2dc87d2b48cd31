"""P3b: every effect belongs to exactly one saga, also after restarts and in sub-sagas, and is undone by that one."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.faults.facts import Effect, Facts, Saga, Step, by_saga
from tests.faults.verdicts import Miss, Verdict, verdict

COMPLETED, COMPENSATED, ABANDONED = "completed", "compensated", "abandoned"


def verdict_on(facts: Facts) -> Verdict:
    return verdict("P3b", "restarts and sub-sagas whose effects have not one owner", len(facts.sagas), unowned(facts))


def by_owner(facts: Facts) -> Sequence[Effect]:
    """The effects under the saga that they belong to in the end: what a restart has kept is the newest saga's."""
    newest = {saga.id for saga in facts.sagas if not saga.restarted_as}
    owner = {(step.origin, step.name): step.saga_id for step in facts.steps if step.origin and step.saga_id in newest}
    return [
        replace(effect, saga_id=owner.get((effect.saga_id, effect.step), effect.saga_id)) for effect in facts.effects
    ]


def unowned(facts: Facts) -> Iterator[Miss]:
    """`facts` with effects under their owners."""
    sagas, effects, steps = {saga.id: saga for saga in facts.sagas}, by_saga(facts.effects), by_saga(facts.steps)
    heirs = Counter(saga.restarted_from for saga in facts.sagas if saga.restarted_from)
    for saga in facts.sagas:
        if saga.restarted_as or heirs[saga.id]:
            yield from _not_handed_over(saga, heirs[saga.id], effects.get(saga.id, []))
        for step in steps.get(saga.id, []):
            if step.child:
                yield from _not_as_one(saga, step, sagas.get(step.child))
    yield from _launched_twice(facts.sagas, facts.steps)


def _not_handed_over(saga: Saga, heirs: int, effects: Sequence[Effect]) -> Iterator[Miss]:
    """Who was taken over has one heir, and nothing that stands is its own any more."""
    if heirs != 1 or saga.status != ABANDONED:
        yield Miss(saga.id, f"was restarted, stands {saga.status}, and {heirs} sagas took over")
    standing = Counter(effect.step for effect in effects if effect.direction == "action")
    standing -= Counter(effect.step for effect in effects if effect.direction == "compensation")
    for step in standing:
        yield Miss(saga.id, f"was restarted and still owns the effect of {step}")


def _not_as_one(parent: Saga, step: Step, child: Saga | None) -> Iterator[Miss]:
    """A step that is a sub-saga stands as that one does."""
    expected = {"succeeded": COMPLETED, "compensated": COMPENSATED}.get(step.status)
    if child is None:
        yield Miss(parent.id, f"{step.name} is the sub-saga {step.child}, which is not stored")
    elif expected and child.status != expected and not parent.restarted_as:
        yield Miss(parent.id, f"{step.name} stands {step.status}, its sub-saga {child.id} {child.status}")
    elif child.parent_id != parent.id and not parent.restarted_as:
        yield Miss(child.id, f"is the step {step.name} of {parent.id}, and says that it is one of {child.parent_id}")


def _launched_twice(sagas: Sequence[Saga], steps: Sequence[Step]) -> Iterator[Miss]:
    """A sub-saga that no step points to was compensated before another began in its place, or has an heir."""
    pointed_to = {step.child for step in steps if step.child}
    for saga in sagas:
        if saga.parent_id and saga.id not in pointed_to and saga.status != COMPENSATED and not saga.restarted_as:
            yield Miss(saga.id, f"is a sub-saga of {saga.parent_id}, no step is it, and it stands {saga.status}")
