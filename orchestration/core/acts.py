"""What operators may ask of a saga, and what follows."""

from orchestration.core import events
from orchestration.core.draft import Draft, NotAllowed
from orchestration.core.events import Event
from orchestration.core.routes import fresh_budget, go_back, go_on, turn_back
from orchestration.core.saga_state import StepState
from orchestration.core.states import SagaStatus, StepStatus

G = SagaStatus
S = StepStatus


def act(draft: Draft, event: Event) -> None:
    """Apply an operator's act. Raises NotAllowed with the reason when it does not fit."""
    if draft.before.ended:
        raise NotAllowed(f"the saga has ended: {draft.status.value}")
    match event:
        case events.Retry(step):
            draft.why = "retry"
            _retry(draft, step)
        case events.Compensate():
            draft.why = "compensate"
            _compensate(draft)
        case events.Skip(step):
            draft.why = "skip"
            _skip(draft, step)
        case events.Pause():
            draft.paused = True
        case events.Resume():
            draft.paused = False
        case _:
            raise TypeError(f"no rule for {event!r}")


def _retry(draft: Draft, wanted: int | None) -> None:
    if draft.status is G.STUCK:
        step = _the_one(_failed(draft), wanted)
        undoing = step.status is S.COMPENSATION_FAILED
        if step.never_undoable:
            raise NotAllowed(f"{step.definition.name}: the participant says that it can never be undone")
        draft.move(step.definition.index, S.COMPENSATION_DUE if undoing else S.DUE, **fresh_budget(draft.now))
        draft.turn(G.COMPENSATING if undoing else G.RUNNING)
        return
    if draft.before.calls_out():
        raise NotAllowed("a call is out; its answer comes first")
    waiting = [step for step in draft.steps if step.status in (S.DUE, S.COMPENSATION_DUE) and _in_backoff(step, draft)]
    if not waiting:
        raise NotAllowed("no step waits for its next try")
    draft.touch(_the_one(waiting, wanted).definition.index, **fresh_budget(draft.now))


def _in_backoff(step: StepState, draft: Draft) -> bool:
    """A retry would give it something: tries back, or an end to its wait."""
    waits = step.due_at is not None and step.due_at > draft.now
    return step.attempt > 0 and (step.tries > 0 or waits)


def _compensate(draft: Draft) -> None:
    if draft.status is G.COMPENSATING:
        return
    undo_failed = [step for step in draft.steps if step.status is S.COMPENSATION_FAILED]
    if not undo_failed:
        turn_back(draft)
        return
    for step in undo_failed:
        if step.never_undoable:
            raise NotAllowed(f"{step.definition.name}: the participant says that it can never be undone")
        draft.move(step.definition.index, S.COMPENSATION_DUE, **fresh_budget(draft.now))
    draft.turn(G.COMPENSATING)


def _skip(draft: Draft, wanted: int | None) -> None:
    if draft.status is not G.STUCK:
        raise NotAllowed("only a step that the saga is stuck on can be skipped")
    step = _the_one(_failed(draft), wanted)
    if step.in_doubt:
        raise NotAllowed(f"{step.definition.name} is in doubt: first find out whether it took effect")
    if step.status is S.COMPENSATION_FAILED:
        draft.move(step.definition.index, S.SKIPPED, effect_stands=True)
        draft.turn(G.COMPENSATING)
        go_back(draft)
    else:
        draft.move(step.definition.index, S.SKIPPED)
        draft.turn(G.RUNNING)
        go_on(draft)


def _failed(draft: Draft) -> list[StepState]:
    """The steps that a stuck saga is stuck on: undos that failed, or else the action that did."""
    undos = [step for step in draft.steps if step.status is S.COMPENSATION_FAILED]
    return undos or [step for step in draft.steps if step.status is S.FAILED]


def _the_one(fitting: list[StepState], wanted: int | None) -> StepState:
    if wanted is not None:
        fitting = [step for step in fitting if step.definition.index == wanted]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise NotAllowed("that step is not one that this act fits")
    raise NotAllowed("more than one step fits; name one of " + ", ".join(step.definition.name for step in fitting))
