"""The acts on one step: on what a saga is stuck on, or what waits for its next try."""

from orchestration.core import events
from orchestration.core.draft import Draft, NotAllowed, WhichStep
from orchestration.core.routes import fresh_budget, go_back, go_on
from orchestration.core.saga_state import StepState, Stuck
from orchestration.core.states import ANSWERED, SagaStatus, StepKind, StepStatus

G = SagaStatus
S = StepStatus
NOT_APPLIED = "the pivot did not take effect, a person has found out"


def retry(draft: Draft, event: events.Retry) -> None:
    """A fresh budget, now; attempt numbers go on."""
    _try_now(draft, _to_retry(draft, event.step))


def edit_and_retry(draft: Draft, event: events.EditAndRetry) -> None:
    """As retry; but another input under the same key must not meet a try that may have been heard."""
    if event.input is None:
        raise NotAllowed("the new input is missing")
    step = _to_retry(draft, event.step)
    if step.definition.kind not in ANSWERED:
        raise NotAllowed(f"{step.definition.name} makes no call")
    if step.in_doubt or step.unanswered:
        raise NotAllowed(_doubtful(step))
    draft.touch(step.definition.index, edited_input=event.input)
    _try_now(draft, step)


def skip(draft: Draft, event: events.Skip) -> None:
    """Leave the step as it is. On an undo: its effect stands, the rest is undone."""
    if draft.status is not G.STUCK:
        raise NotAllowed("only a step that the saga is stuck on can be skipped")
    step = the_one(_failed(draft), event.step)
    if step.in_doubt:
        raise NotAllowed(_doubtful(step))
    if step.status is S.COMPENSATION_FAILED:
        draft.move(step.definition.index, S.SKIPPED, effect_stands=True)
        draft.turn(G.COMPENSATING)
        go_back(draft)
    else:
        draft.move(step.definition.index, S.SKIPPED)
        draft.turn(G.RUNNING)
        go_on(draft)


def resolve(draft: Draft, event: events.Resolve) -> None:
    """A person has found out what became of a call. Applied: as if it had answered so, in either direction.

    Not applied: it has failed and is in doubt no more; the saga stays stuck and open for the other acts.
    """
    if draft.status is not G.STUCK:
        raise NotAllowed("only a step that the saga is stuck on can be resolved")
    doubtful = [step for step in _failed(draft) if step.in_doubt]
    if not doubtful:
        raise NotAllowed("no step that the saga is stuck on is in doubt")
    step = the_one(doubtful, event.step)
    index = step.definition.index
    if not event.applied:
        draft.touch(index, in_doubt=False)
        if step.definition.pivot:
            draft.stick_anew(Stuck.PIVOT_NOT_APPLIED, f"{step.definition.name}: {NOT_APPLIED}")
    elif step.status is S.COMPENSATION_FAILED:
        draft.move(index, S.COMPENSATED, in_doubt=False, finished_at=draft.now)
        draft.turn(G.COMPENSATING)
        go_back(draft)
    else:
        draft.errors[index] = None
        draft.move(index, S.SUCCEEDED, in_doubt=False, done=True, finished_at=draft.now)
        draft.keep_output(index, event.output)
        draft.turn(G.RUNNING)
        go_on(draft)


def the_one(fitting: list[StepState], wanted: int | None) -> StepState:
    """The step that is meant: the wanted one, or the only one. Raises NotAllowed, WhichStep where it is not clear."""
    if wanted is not None:
        fitting = [step for step in fitting if step.definition.index == wanted]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise NotAllowed("that step is not one that this act fits")
    raise WhichStep(fitting)


def _to_retry(draft: Draft, wanted: int | None) -> StepState:
    if draft.status is G.STUCK:
        step = the_one(_failed(draft), wanted)
        if step.never_undoable:
            raise NotAllowed(f"{step.definition.name}: the participant says that it can never be undone")
        return step
    if draft.before.calls_out():
        raise NotAllowed("a call is out; its answer comes first")
    waiting = [step for step in draft.steps if step.status in (S.DUE, S.COMPENSATION_DUE) and _in_backoff(step, draft)]
    if not waiting:
        raise NotAllowed("no step waits for its next try")
    return the_one(waiting, wanted)


def _try_now(draft: Draft, step: StepState) -> None:
    index = step.definition.index
    if step.unanswered:
        draft.doubt(index)  # what was promised is not waited for any longer
    elif step.definition.kind is StepKind.SAGA and step.status is S.FAILED and not step.in_doubt:
        draft.touch(index, sent=False, refused_only=True)  # nothing is left of the sub-saga that failed: another begins
    draft.move(index, S.COMPENSATION_DUE if step.undoing else S.DUE, **fresh_budget(draft.now))
    if draft.status is G.STUCK:
        draft.turn(G.COMPENSATING if step.undoing else G.RUNNING)


def _in_backoff(step: StepState, draft: Draft) -> bool:
    """A retry would give it something: tries back, or an end to its wait."""
    waits = step.due_at is not None and step.due_at > draft.now
    return step.attempt > 0 and (step.tries > 0 or waits)


def _failed(draft: Draft) -> list[StepState]:
    """The steps that a stuck saga is stuck on: undos that failed, or else the actions that did."""
    undos = [step for step in draft.steps if step.status is S.COMPENSATION_FAILED]
    return undos or [step for step in draft.steps if step.status is S.FAILED]


def _doubtful(step: StepState) -> str:
    return f"{step.definition.name} is in doubt: first find out whether it took effect"
