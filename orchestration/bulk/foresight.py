"""What a bulk would do now, asked of the same rules that carry it out; nothing is written."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from orchestration import queries
from orchestration.audit import Actor
from orchestration.bulk.running import HELD_TO_WHAT_WAS_SEEN
from orchestration.core.decisions import decide
from orchestration.core.draft import NotAllowed
from orchestration.core.foresight import foreseen_calls
from orchestration.core.saga_state import SagaState
from orchestration.models import Bulk, Saga
from orchestration.operator_actions import acts

LOOKED_AT = 200
_BRAKES = ("pause", "abandon")


class Call(NamedTuple):
    step: str
    direction: str
    participant: str


@dataclass
class Foreseen:
    """Of `looked_at` sagas, spread over the whole set: how many fit, why the others do not, which calls follow."""

    looked_at: int = 0
    fit: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    calls: Counter[Call] = field(default_factory=Counter)
    is_sample: bool = False


def foreseen(bulk: Bulk, actor: Actor) -> Foreseen:
    """What the bulk's act would do to its sagas now, if all goes well. Of a large set LOOKED_AT are looked at."""
    found, now = Foreseen(), timezone.now()
    for saga, state, has_moved in _some_of(bulk):
        found.looked_at += 1
        asked = acts.Asked(acts.ACTS[bulk.act], saga.pk, actor, "", {})
        reason, calls = ("the saga has changed since the set was made", []) if has_moved else _one(asked, state, now)
        if reason:
            found.reasons[reason] += 1
        else:
            found.fit += 1
            found.calls.update(calls)
    found.is_sample = bulk.total > LOOKED_AT
    if missing := bulk.items.filter(seen_revision=None).count():
        found.reasons["there is no such saga"] += missing
    return found


def _some_of(bulk: Bulk) -> Iterator[tuple[Saga, SagaState, bool]]:
    every = -(-bulk.total // LOOKED_AT) or 1
    chosen = bulk.items.filter(position__in=range(0, bulk.total, every), seen_revision__isnull=False)
    seen = dict(chosen.values_list("saga_id", "seen_revision"))
    outputs: dict[object, dict[int, object]] = {}
    for (saga_id, position), output in queries.outputs_of(seen).items():
        outputs.setdefault(saga_id, {})[position] = output
    for saga in Saga.objects.for_detail_page().filter(pk__in=seen).order_by("pk"):
        steps = list(saga.steps.all())
        told = {steps[position].name: output for position, output in outputs.get(saga.pk, {}).items()}
        has_moved = bulk.act in HELD_TO_WHAT_WAS_SEEN and saga.revision != seen[saga.pk]
        yield saga, queries.state_of(saga, steps, outputs=told), has_moved


def _one(asked: acts.Asked, state: SagaState, now: datetime) -> tuple[str, list[Call]]:
    """Why it does not fit (empty: it fits), and the calls that follow."""
    try:
        after = decide(state, asked.event(now), now).after
    except NotAllowed as error:
        return str(error), []
    if not acts.may(asked, state):
        return f"you lack the right to {asked.act.name}", []
    if asked.act.name not in _BRAKES:
        after = after._replace(paused=False)
    return "", [_call(after, index, direction) for index, direction in foreseen_calls(after, now)]


def _call(state: SagaState, index: int, direction: object) -> Call:
    step = state.steps[index].definition
    return Call(step.name, str(direction), step.participant)
