"""An act is done at once, under the saga's row lock, whoever owns the saga and whatever call is out."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from orchestration import advance, audit, dispatch, parents
from orchestration.audit import Actor
from orchestration.core.definitions import SagaDefinition
from orchestration.core.draft import NotAllowed
from orchestration.core.events import RestartFrom
from orchestration.core.saga_state import SagaState
from orchestration.definitions import compiled_definition
from orchestration.models import Saga
from orchestration.operator_actions import acts, restarting
from orchestration.operator_actions.acts import Act, Asked
from orchestration.operator_actions.details import NO_DETAILS, checked
from orchestration.operator_actions.refusals import Conflict, WrongAct
from orchestration.operator_actions.restarting import Target
from orchestration.operator_actions.wording import reason_of
from orchestration.store import outside
from orchestration.store.rows import SagaChange, StoredSaga


def perform(
    act: str,
    *,
    saga_id: UUID,
    actor: Actor,
    reason: str,
    revision: int | None = None,
    step: str | None = None,
    details: Mapping[str, Any] = NO_DETAILS,
) -> Saga:
    """Do `act` to a saga and return it as it then stands. Every try leaves an audit row, granted or refused.

    `details`: for resolve `outcome` (applied, not_applied) and `output`; for edit-and-retry `input`; for abandon
    `confirm` (the saga's id); for approve `outcome` (approved, rejected); for restart-from `version`, and `step` is one
    of that version: the saga that takes over is `restarted_as_id` of the one returned.

    Raises WrongAct, Saga.DoesNotExist, PermissionDenied, or Conflict (with the present state and who changed it) when
    the saga has moved on since `revision` or the act does not fit.
    """
    wanted, reason = acts.act_named(act), reason_of(reason)
    said = checked(wanted.details, details, saga_id, in_full=True)
    definition = definition_of(saga_id)
    asked, target = asked_for(wanted, definition, Asked(wanted, saga_id, actor, reason, said, None, revision), step)
    try:
        with transaction.atomic():
            return _do(asked, definition, target)
    except PermissionDenied:
        _audit(asked, granted=False, after=_told(asked) or None)
        raise
    except NotAllowed as error:
        _audit(asked, granted=False, after={"why_not": str(error), **_told(asked)})
        raise Conflict.on(saga_id, str(error)) from error


def asked_for(wanted: Act, definition: SagaDefinition, asked: Asked, step: str | None) -> tuple[Asked, Target | None]:
    """With its step and, of a restart, the version that takes over, whose steps are meant then. Raises WrongAct."""
    if wanted.name != restarting.ACT:
        return asked._replace(step=acts.step_index(wanted, definition, step)), None
    target = restarting.target_of(asked.saga_id, asked.details)
    index = acts.step_index(wanted, target.definition, step)
    return asked._replace(step=index, plan=target.definition.steps), target


def definition_of(saga_id: UUID) -> SagaDefinition:
    """The version that the saga runs. Raises Saga.DoesNotExist."""
    definition_id = outside.definition_of(saga_id)
    if definition_id is None:
        raise Saga.DoesNotExist(f"there is no saga {saga_id}")
    return compiled_definition(definition_id)


def _do(asked: Asked, definition: SagaDefinition, target: Target | None) -> Saga:
    saga, now = outside.load(asked.saga_id, definition, lock=True)
    acts.must(asked, saga.state)
    if asked.revision is not None and asked.revision != saga.revision:
        raise NotAllowed(
            f"the saga has changed since you looked: it is at revision {saga.revision}, not {asked.revision}"
        )
    happened = advance.Happened(
        asked.act.name, actor=asked.actor.name, reason=asked.reason, errors=_rejection(asked, saga.state)
    )
    event = asked.event(now)
    change = advance.outside(saga, event, happened, now)
    parents.doubted_in_vain(saga.state, change.state, asked.saga_id, asked.act.name)
    if asked.details.get("output") is not None and not change.step_outputs:
        raise WrongAct("output", "an undo has none")
    if change.state != saga.state:
        _record(saga, change)
    before, after = _summary(saga.state, saga.revision), _summary(change.state, change.revision)
    if target is not None and isinstance(event, RestartFrom):
        new_id = restarting.take_over(saga, target, event, now, actor=asked.actor.name, reason=asked.reason)
        after |= {"restarted_as": str(new_id), "version": target.version}
    _audit(asked, granted=True, before=before, after=after | _told(asked))
    return Saga.objects.get(pk=asked.saga_id)


def _record(saga: StoredSaga, change: SagaChange) -> None:
    if not outside.record(saga, change):
        raise RuntimeError(f"saga {change.id} was written by somebody else while its row was locked")
    dispatch.acted(change.id, change.revision)
    parents.ended(saga, change)


def _rejection(asked: Asked, saga: SagaState) -> dict[int, str]:
    """The step keeps a rejection as its error, in the person's own words."""
    if asked.details.get("outcome") != "rejected":
        return {}
    error = {"message": asked.reason, "code": "rejected", "by": asked.actor.name}
    return {step.definition.index: json.dumps(error) for step in acts.approvals_meant(asked, saga)}


def _summary(state: SagaState, revision: int) -> dict[str, Any]:
    return {
        "status": state.status.value, "paused": state.paused, "revision": revision,
        "steps": {step.definition.name: step.status.value for step in state.steps},
    }  # fmt: skip


def _told(asked: Asked) -> dict[str, Any]:
    """What the request said beside the reason, for the audit: an input, an output, a verdict."""
    return {"details": dict(asked.details)} if asked.details else {}


def _audit(asked: Asked, *, granted: bool, **more: Any) -> None:
    audit.write(
        actor=asked.actor, act=asked.act.name, subject=f"saga {asked.saga_id}", saga_id=asked.saga_id, granted=granted,
        reason=asked.reason, **more,
    )  # fmt: skip
