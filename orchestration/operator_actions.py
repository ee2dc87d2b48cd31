"""What people do to sagas: right, state check, deed and audit row, in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from orchestration import advance, audit, dispatch
from orchestration.audit import Actor
from orchestration.core import events, mapping
from orchestration.core.decisions import decide
from orchestration.core.draft import NotAllowed
from orchestration.core.foresight import foreseen_calls
from orchestration.core.states import Direction
from orchestration.definitions import compiled_definition
from orchestration.models import Event, Saga
from orchestration.store import outside
from orchestration.store.rows import StoredSaga

MAX_REASON = 1000


class WrongAct(ValueError):
    """The request itself is wrong, whatever the saga's state; `field` names the part."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


class Conflict(Exception):
    """The act does not fit the saga as it stands now; nothing was changed."""

    def __init__(self, message: str, saga: Saga, changed_by: str) -> None:
        self.message = message
        self.saga = saga
        self.changed_by = changed_by
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Act:
    """One verb: the right it needs and the event it makes. `takes_step`: it may name a step."""

    name: str
    permission: str
    event: Callable[[int | None], events.Event]
    takes_step: bool = False


ACTS = {
    act.name: act
    for act in (
        Act("retry", "retry_saga", events.Retry, takes_step=True),
        Act("compensate", "compensate_saga", lambda _step: events.Compensate()),
        Act("skip", "skip_saga", events.Skip, takes_step=True),
        Act("pause", "pause_saga", lambda _step: events.Pause()),
        Act("resume", "resume_saga", lambda _step: events.Resume()),
    )
}


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call that the act leads to if all goes well. `payload` is None while it depends on answers to come."""

    step: str
    direction: str
    participant: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Preview:
    """What an act would do now, to the saga at `revision`. `why_not` is empty when it is allowed."""

    allowed: bool
    why_not: str
    calls: list[PlannedCall]
    revision: int


def perform(
    act: str, *, saga_id: UUID, actor: Actor, reason: str, revision: int | None = None, step: str | None = None
) -> Saga:
    """Do `act` to a saga and return it as it then stands. Every try leaves an audit row, granted or refused.

    Raises WrongAct, Saga.DoesNotExist, PermissionDenied, or Conflict (with the present state and who changed it) when
    the saga has moved on since `revision` or the act does not fit.
    """
    wanted, reason = _wanted(act), _reason(reason)
    definition_id = outside.definition_of(saga_id)
    if definition_id is None:
        raise Saga.DoesNotExist(f"there is no saga {saga_id}")
    if not actor.may(wanted.permission):
        _audit(wanted, actor, saga_id, reason, granted=False)
        actor.must(wanted.permission)
    try:
        with transaction.atomic():
            after = _do(wanted, saga_id, definition_id, actor, reason, revision, step)
    except NotAllowed as error:
        _audit(wanted, actor, saga_id, reason, granted=False, after={"why_not": str(error)})
        saga = Saga.objects.get(pk=saga_id)
        raise Conflict(str(error), saga, _last_actor(saga_id)) from error
    return after


def preview(act: str, *, saga_id: UUID, actor: Actor, step: str | None = None) -> Preview:
    """What `act` would do now. Raises WrongAct and Saga.DoesNotExist; a lacking right is a `why_not`."""
    wanted = _wanted(act)
    definition_id = outside.definition_of(saga_id)
    if definition_id is None:
        raise Saga.DoesNotExist(f"there is no saga {saga_id}")
    saga, now = outside.load(saga_id, compiled_definition(definition_id), lock=False)
    try:
        event = wanted.event(_step_index(wanted, saga, step))
        after = decide(saga.state, event, now).after
    except NotAllowed as error:
        return Preview(allowed=False, why_not=str(error), calls=[], revision=saga.revision)
    calls = [_planned(saga, index, direction) for index, direction in foreseen_calls(after, now)]
    if not actor.may(wanted.permission):
        return Preview(allowed=False, why_not=f"you lack the right to {act}", calls=calls, revision=saga.revision)
    return Preview(allowed=True, why_not="", calls=calls, revision=saga.revision)


def _do(
    act: Act, saga_id: UUID, definition_id: int, actor: Actor, reason: str, revision: int | None, step: str | None
) -> Saga:
    saga, now = outside.load(saga_id, compiled_definition(definition_id), lock=True)
    if revision is not None and revision != saga.revision:
        raise NotAllowed(f"the saga has changed since you looked: it is at revision {saga.revision}, not {revision}")
    event = act.event(_step_index(act, saga, step))
    happened = advance.Happened(act.name, actor=actor.name, reason=reason)
    change = advance.outside(saga, event, happened, now)
    if not outside.record(change):
        raise RuntimeError(f"saga {saga_id} was written by somebody else while its row was locked")
    _audit(
        act, actor, saga_id, reason, granted=True, before=_summary(saga.state, saga.revision),
        after=_summary(change.state, change.revision),
    )  # fmt: skip
    dispatch.acted(saga_id, change.revision)
    return Saga.objects.get(pk=saga_id)


def _wanted(act: str) -> Act:
    if act not in ACTS:
        raise WrongAct("act", "must be one of " + ", ".join(ACTS))
    return ACTS[act]


def _reason(reason: str) -> str:
    text = reason.strip() if isinstance(reason, str) else ""
    if not text or len(text) > MAX_REASON or "\0" in text:
        raise WrongAct("reason", f"must be 1 to {MAX_REASON} characters")
    return text


def _step_index(act: Act, saga: StoredSaga, name: str | None) -> int | None:
    if name is None:
        return None
    if not act.takes_step:
        raise WrongAct("step", f"{act.name} is about the whole saga and takes no step")
    for step in saga.definition.steps:
        if step.name == name:
            return step.index
    raise WrongAct("step", f"this saga has no step {name!r}")


def _planned(saga: StoredSaga, index: int, direction: Direction) -> PlannedCall:
    step = saga.definition.steps[index]
    needed = [earlier.name for earlier in saga.definition.steps[:index]]
    payload = None
    if all(name in saga.state.outputs for name in needed) or (step.payload and "outputs" not in step.payload):
        try:
            payload = mapping.payload(step.payload, saga_input=saga.state.input, outputs=saga.state.outputs)
        except mapping.MappingError as error:
            payload = {"error": str(error)}
    return PlannedCall(step.name, direction.value, step.participant, payload)


def _summary(state: Any, revision: int) -> dict[str, Any]:
    return {
        "status": state.status.value, "paused": state.paused, "revision": revision,
        "steps": {step.definition.name: step.status.value for step in state.steps},
    }  # fmt: skip


def _audit(act: Act, actor: Actor, saga_id: UUID, reason: str, *, granted: bool, **more: Any) -> None:
    audit.write(
        actor=actor, act=act.name, subject=f"saga {saga_id}", saga_id=saga_id, granted=granted, reason=reason, **more
    )


def _last_actor(saga_id: UUID) -> str:
    last = Event.objects.filter(saga_id=saga_id).exclude(actor="").order_by("-seq").first()
    return last.actor if last is not None else ""
