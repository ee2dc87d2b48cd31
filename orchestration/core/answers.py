"""What follows from the answer to a call. The order of the arms is the policy."""

from typing import Any

from orchestration.core import events
from orchestration.core.draft import Draft
from orchestration.core.events import Event, RetriableEvent
from orchestration.core.pivot import must_stay
from orchestration.core.routes import fail, go_back, go_on, turn_back
from orchestration.core.saga_state import LOSSES_IN_COMPANY, StepState, Stuck
from orchestration.core.states import ANSWERED, ENDED, OUT, SagaStatus, StepStatus
from orchestration.core.waits import answer_by, next_look_at, next_try_at

G = SagaStatus
S = StepStatus
SOLO_LOSSES = 3
_SURE: dict[str, Any] = {"in_doubt": False, "sent": True, "refused_only": False, "answer_by": None}


def answered(draft: Draft, index: int, event: Event) -> None:
    """A call of step `index` has ended: note what it says of effects, then choose the way."""
    _learn(draft, index, event)
    step = draft.steps[index]
    if step.undoing:
        _undo_answered(draft, index, event)
    elif draft.status is G.COMPENSATING:
        _settled(draft, index, event)
    else:
        _action_answered(draft, index, event)


def called_back(draft: Draft, event: events.CalledBack) -> None:
    """The participant answers of its own accord: taken as long as a try of that direction has no answer yet."""
    step = draft.steps[event.step]
    if draft.status in ENDED or step.direction is not event.direction or not _awaits_an_answer(step):
        return
    if not step.undoing and isinstance(event.answer, events.Succeeded):
        draft.errors[event.step] = None
    answered(draft, event.step, event.answer)


def not_answered_in_time(draft: Draft, index: int) -> None:
    """What was accepted is in doubt now, and its try, which polls had not used up, is spent."""
    step = draft.steps[index]
    if not step.undoing:
        draft.errors[index] = {"message": "accepted, but not answered in time", "code": "no_answer"}
    draft.touch(index, tries=step.tries + 1)
    answered(draft, index, events.InDoubt(index, luck=0.0))


def _awaits_an_answer(step: StepState) -> bool:
    if step.status in OUT:
        return True
    if step.status is S.WAITING:
        return step.definition.kind in ANSWERED
    return step.status in (S.DUE, S.COMPENSATION_DUE) and step.attempt > 0


def _learn(draft: Draft, index: int, event: Event) -> None:
    accepted = draft.steps[index].answer_by is not None
    match event:
        case events.Succeeded() | events.Undone():
            pass  # what is sure then is written with the move
        case events.Refused(sent=True):
            draft.touch(index, sent=True, answer_by=None)
        case events.Accepted():
            draft.touch(index, sent=True, refused_only=False)
        case events.InProgress() if accepted:
            pass
        case events.InDoubt() | events.InProgress() | events.Lost() | events.StaleEpoch() | events.GivenUp():
            # A stale epoch too: a call with this key that nobody here knows of has reached the participant.
            _may_have_been_heard(draft, index)
        case _ if accepted:
            _may_have_been_heard(draft, index)  # an answer was promised, and now nobody can say what becomes of it
        case events.TryLater():
            draft.touch(index, sent=True, refused_only=False)


def _may_have_been_heard(draft: Draft, index: int) -> None:
    draft.doubt(index)


def _action_answered(draft: Draft, index: int, event: Event) -> None:
    step = draft.steps[index]
    match event:
        case events.Succeeded(output=output):
            draft.move(index, S.SUCCEEDED, finished_at=draft.now, done=True, due_at=None, **_SURE)
            draft.keep_output(index, output)
            go_on(draft)
        case events.Undone():
            draft.why = "the participant says that it was undone"
            _undone_already(draft, index)
        case events.Refused():
            fail(draft, index)
        case events.GivenUp(reason=reason):
            draft.move(index, S.FAILED, due_at=None, answer_by=None)
            draft.stick(Stuck.SUB_SAGA_ABANDONED, f"{step.definition.name}: {reason}")
        case events.StaleEpoch() | events.Lost():
            _not_the_steps_fault(draft, index, event, again=S.DUE, failed=S.FAILED)
        case events.Accepted():
            _await_the_answer(draft, index, event, S.WAITING)
        case events.InProgress():
            _await_the_answer(draft, index, event, S.DUE if step.answer_by is None else S.WAITING)
        case RetriableEvent() if _may_retry(step) or not event.uses_try:
            _try_again(draft, index, event, S.DUE)
        case _:
            fail(draft, index, exhausted=True)


def _undo_answered(draft: Draft, index: int, event: Event) -> None:
    step = draft.steps[index]
    name = step.definition.name
    match event:
        case events.Succeeded() | events.Undone():
            draft.move(index, S.COMPENSATED, finished_at=draft.now, due_at=None, **_SURE)
            go_back(draft)
        case events.Refused(for_ever=True):
            _undo_failed(draft, index, never_undoable=True, in_doubt=False)  # now it is sure: it stands
            draft.stick(Stuck.NEVER_UNDOABLE, f"{name}: the participant says that it can never be undone")
        case events.Refused():
            _undo_failed(draft, index)
            draft.stick(Stuck.COMPENSATION_REFUSED, f"{name}: the participant refuses to undo it")
        case events.GivenUp(reason=reason):
            _undo_failed(draft, index)
            draft.stick(Stuck.SUB_SAGA_ABANDONED, f"{name}: {reason}")
        case events.StaleEpoch() | events.Lost():
            _not_the_steps_fault(draft, index, event, again=S.COMPENSATION_DUE, failed=S.COMPENSATION_FAILED)
        case events.Accepted() | events.InProgress():
            _await_the_answer(draft, index, event, S.COMPENSATION_DUE)
        case RetriableEvent() if _may_retry(step) or not event.uses_try:
            _try_again(draft, index, event, S.COMPENSATION_DUE)
        case _:
            _undo_failed(draft, index)
            draft.stick(Stuck.COMPENSATION_EXHAUSTED, f"{name}: could not be undone in {step.tries} tries")


def _undo_failed(draft: Draft, index: int, **changes: Any) -> None:
    draft.move(index, S.COMPENSATION_FAILED, due_at=None, answer_by=None, **changes)


def _settled(draft: Draft, index: int, event: Event) -> None:
    """The saga has turned back while this action was out: no further try, whatever the answer."""
    match event:
        case events.Succeeded(output=output):
            draft.move(index, S.SUCCEEDED, finished_at=draft.now, done=True, due_at=None, **_SURE)
            draft.keep_output(index, output)
            go_back(draft)
        case events.Undone():
            _undone_already(draft, index)
        case events.Accepted() | events.InProgress():
            _may_have_been_heard(draft, index)  # nobody will wait for the answer
            turn_back(draft, index)
        case _:
            turn_back(draft, index)


def _undone_already(draft: Draft, index: int) -> None:
    """The participant says so. Past the pivot there is no way back for the others, so a person must look."""
    draft.touch(index, **_SURE)
    if draft.stuck_code or must_stay(draft.steps, draft.steps[index], exhausted=False):
        fail(draft, index)
        return
    draft.move(index, S.COMPENSATION_DUE, S.COMPENSATING, S.COMPENSATED, finished_at=draft.now, due_at=None)
    turn_back(draft)


def _not_the_steps_fault(draft: Draft, index: int, event: Event, *, again: StepStatus, failed: StepStatus) -> None:
    """Lost or stale: uses up no retry; too often, and a human must look."""
    step = draft.steps[index]
    losses = step.losses + (1 if isinstance(event, events.Lost) and event.blamed else 0)
    stale = step.stale_answers + (1 if isinstance(event, events.StaleEpoch) else 0)
    name = step.definition.name
    if losses >= LOSSES_IN_COMPANY + SOLO_LOSSES:
        draft.move(index, failed, losses=losses, answer_by=None)
        draft.stick(Stuck.WORKER_DIED, f"{name}: its worker died in {losses} tries, the last {SOLO_LOSSES} alone")
    elif stale > 1:
        draft.move(index, failed, stale_answers=stale, answer_by=None)
        draft.stick(Stuck.STALE_EPOCH, f"{name}: the participant has seen a newer owner than the living one")
    else:
        draft.move(index, again, losses=losses, stale_answers=stale, tries=step.tries - 1, due_at=draft.now)


def _may_retry(step: StepState) -> bool:
    return step.tries < step.policy.max_attempts


def _try_again(draft: Draft, index: int, event: RetriableEvent, status: StepStatus) -> None:
    step = draft.steps[index]
    tries = step.tries if event.uses_try else step.tries - 1
    draft.move(index, status, tries=tries, losses=0, due_at=next_try_at(draft, step, event), answer_by=None)


def _await_the_answer(draft: Draft, index: int, event: RetriableEvent, status: StepStatus) -> None:
    """It is at work: where it can be asked it is polled, else only a callback or the end of its time moves it."""
    step = draft.steps[index]
    until = step.answer_by
    if until is None and isinstance(event, events.Accepted):
        until = answer_by(draft, step)
    due_at = next_look_at(draft, step, event, until)
    draft.move(index, status, tries=step.tries - 1, losses=0, due_at=due_at, answer_by=until)
