"""Restart-from: the new saga is written in the transaction that ends the one it takes over."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from orchestration import dispatch
from orchestration.advance import IN_FLIGHT
from orchestration.core import events, parking, restart
from orchestration.core.definitions import SagaDefinition as Definition
from orchestration.core.draft import Draft, NotAllowed
from orchestration.core.saga_state import SagaState, StepState
from orchestration.definitions import compiled_definition, input_validator
from orchestration.identifiers import uuid7
from orchestration.models import Event, Saga, SagaData, SagaDefinition, Step
from orchestration.operator_actions.refusals import LAUNCHED, WrongAct
from orchestration.store.figures import Figures, add_now
from orchestration.store.rows import StoredSaga

ACT = "restart-from"
TRIGGER = "restart"
_COPIED = [name for name in StepState._fields if name != "definition"]


class Target(NamedTuple):
    """The version that the new saga is to run."""

    id: int
    version: int
    definition: Definition


def target_of(saga_id: UUID, details: Mapping[str, Any]) -> Target:
    """The version asked for, or the saga's own. Raises WrongAct for one that is older, or that there is not."""
    own = SagaDefinition.objects.get(pk=Saga.objects.values_list("definition_id", flat=True).get(pk=saga_id))
    wanted = details.get("version")
    if wanted is None or wanted == own.version:
        return Target(own.pk, own.version, compiled_definition(own.pk))
    if wanted < own.version:
        raise WrongAct("version", f"must be {own.version}, which the saga runs, or a newer one")
    newer = SagaDefinition.objects.usable().filter(name=own.name, version=wanted).first()
    if newer is None:
        raise WrongAct("version", f"there is no version {wanted} of {own.name}")
    if compiled_definition(newer.pk).lock_key != compiled_definition(own.pk).lock_key:
        raise WrongAct("version", f"version {wanted} locks by another key than version {own.version}")
    return Target(newer.pk, newer.version, compiled_definition(newer.pk))


def newer_versions(saga: Saga) -> list[int]:
    """The versions that `saga` could be restarted on beside its own."""
    newer = SagaDefinition.objects.usable().filter(name=saga.definition_name, version__gt=saga.definition.version)
    return list(newer.order_by("version").values_list("version", flat=True))


def planned(saga_id: UUID, state: SagaState, target: Target, event: events.RestartFrom, now: datetime) -> Draft:
    """The saga that would take over. Raises NotAllowed: the input that it inherits must fit its version, too."""
    draft = restart.successor(state, event, origin=saga_id, now=now, deadline_at=now + target.definition.deadline)
    if problems := input_validator(target.id)(dict(state.input)):
        raise NotAllowed(f"the input does not fit version {target.version}: {problems[0]}")
    return draft


def take_over(
    old: StoredSaga, target: Target, event: events.RestartFrom, now: datetime, *, actor: str, reason: str
) -> UUID:
    """Write the new saga and the links; `old` has just ended in this transaction, and its row is locked.

    Its epochs go on from those of the old one, which participants remember. It takes over the lock; where its
    definition limits how many are in flight it waits for a place, since the old one, stuck, had none.
    """
    draft = planned(old.id, old.state, target, event, now)
    state, new_id = draft.decision().after, uuid7()
    limited = target.definition.concurrency is not None
    Saga.objects.create(
        id=new_id, definition_id=target.id, definition_name=target.definition.name, status=state.status,
        paused=state.paused, due_at=state.wake_at(now), epoch=old.epoch + 1, journal_length=1,
        business_key=old.business_key, trigger=TRIGGER, launched_by=actor, created_at=now, started_at=now,
        deadline_at=state.deadline_at, restarted_from_id=old.id, lock_key=old.lock_key, limited=limited,
        **_place_of(old.id),
        parked_on=parking.concurrency(target.definition.name) if limited and state.status in IN_FLIGHT else None,
    )  # fmt: skip
    SagaData.objects.create(saga_id=new_id, input=dict(state.input))
    _write_steps(new_id, old.id, state)
    Event.objects.create(
        saga_id=new_id, seq=1, at=now, kind=LAUNCHED, status=state.status, epoch=old.epoch + 1, actor=actor,
        moves=" ".join(map(str, draft.decision().moves)), reason=reason,
    )  # fmt: skip
    _change_hands(new_id, old.id)
    Saga.objects.filter(pk=old.id).update(restarted_as_id=new_id)
    _tell(new_id, target.definition.name)
    return new_id


def _place_of(old_id: UUID) -> dict[str, Any]:
    """The new saga is the step that the old one was, if it was one."""
    [place] = Saga.objects.filter(pk=old_id).values("parent_id", "parent_position", "depth")
    return dict(place)


def _change_hands(new_id: UUID, old_id: UUID) -> None:
    """The step that the old saga was is the new one now, and so is the parent of the sub-sagas of kept steps."""
    Step.objects.filter(child_saga_id=old_id, saga_id=Saga.objects.values("parent_id").filter(pk=old_id)[:1]).update(
        child_saga_id=new_id
    )
    kept = Step.objects.filter(saga_id=new_id, child_saga_id__isnull=False).values("child_saga_id")
    Saga.objects.filter(pk__in=kept).update(parent_id=new_id)


def _write_steps(new_id: UUID, old_id: UUID, state: SagaState) -> None:
    """What is kept is copied with what it answered, and with why a person skipped it."""
    olds = {step.position: step for step in Step.objects.filter(saga_id=old_id)}
    kept = {step.definition.index: olds[step.definition.index] for step in state.steps if step.origin_saga_id}
    Step.objects.bulk_create(
        Step(
            saga_id=new_id, position=step.definition.index, stage=step.definition.stage, name=step.definition.name,
            output=state.outputs.get(step.definition.name) if step.origin_saga_id else None,
            **{name: getattr(kept.get(step.definition.index), name, None) for name in ("error", "child_saga_id")},
            **{name: getattr(step, name) for name in _COPIED},
        )
        for step in state.steps
    )  # fmt: skip


def _tell(saga_id: UUID, name: str) -> None:
    told = Figures()
    told.count("sagas_begun_total", name)
    transaction.on_commit(lambda: add_now(told), robust=True)
    dispatch.launched(saga_id)
