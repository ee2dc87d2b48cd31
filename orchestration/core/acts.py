"""What operators may ask of a saga, and what follows."""

from collections.abc import Callable
from typing import Any

from orchestration.core import events
from orchestration.core.draft import Draft, NotAllowed
from orchestration.core.events import Event
from orchestration.core.giving_up import abandon
from orchestration.core.pivot import no_way_back
from orchestration.core.repair import edit_and_retry, resolve, retry, skip, the_one
from orchestration.core.restart import restart_from
from orchestration.core.routes import fail, fresh_budget, go_on, turn_back
from orchestration.core.states import SagaStatus, StepKind, StepStatus

G = SagaStatus
S = StepStatus


def act(draft: Draft, event: Event) -> None:
    """Apply an operator's act. Raises NotAllowed with the reason when it does not fit."""
    if draft.before.ended:
        raise NotAllowed(f"the saga has ended: {draft.status.value}")
    draft.why, deed = _DEEDS[type(event)]
    deed(draft, event)


def _compensate(draft: Draft, _event: Event) -> None:
    if draft.status is G.COMPENSATING:
        return
    undo_failed = [step for step in draft.steps if step.status is S.COMPENSATION_FAILED]
    if not undo_failed:
        if reason := no_way_back(draft.steps):
            raise NotAllowed(reason)
        turn_back(draft)
        return
    for step in undo_failed:
        if step.never_undoable:
            raise NotAllowed(f"{step.definition.name}: the participant says that it can never be undone")
        draft.move(step.definition.index, S.COMPENSATION_DUE, **fresh_budget(draft.now))
    draft.turn(G.COMPENSATING)


def _approve(draft: Draft, event: events.Approve) -> None:
    """A person has decided. In a stuck saga the decision is kept, and the saga stays stuck."""
    waiting = [step for step in draft.steps if step.status is S.WAITING and step.definition.kind is StepKind.APPROVAL]
    if not waiting:
        raise NotAllowed("no step waits for an approval")
    step = the_one(waiting, event.step)
    index = step.definition.index
    if step.due_at is not None and step.due_at <= draft.now:
        raise NotAllowed(f"{step.definition.name}: the time to decide is over")
    if event.approved:
        draft.errors[index] = None
        draft.move(index, S.SUCCEEDED, due_at=None, finished_at=draft.now)
        draft.keep_output(index, event.output)
        go_on(draft)
    else:
        draft.errors[index] = {"message": "rejected", "code": "rejected"}
        fail(draft, index)


def _abandon(draft: Draft, _event: Event) -> None:
    if draft.status is not G.STUCK and not draft.paused:
        raise NotAllowed("only a stuck or paused saga can be abandoned")
    abandon(draft)


def _pause(draft: Draft, _event: Event) -> None:
    draft.paused = True


def _resume(draft: Draft, _event: Event) -> None:
    draft.paused = False


_DEEDS: dict[type[Event], tuple[str, Callable[[Draft, Any], None]]] = {
    events.Retry: ("retry", retry),
    events.EditAndRetry: ("edit and retry", edit_and_retry),
    events.Skip: ("skip", skip),
    events.Resolve: ("resolve", resolve),
    events.Compensate: ("compensate", _compensate),
    events.Approve: ("approve", _approve),
    events.Abandon: ("abandon", _abandon),
    events.Pause: ("pause", _pause),
    events.Resume: ("resume", _resume),
    events.RestartFrom: ("restart from", restart_from),
}
