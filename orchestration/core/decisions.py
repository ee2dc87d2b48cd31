"""The rules of a saga: `decide(saga, event, now)` says what follows, `begin(saga, now)` says which calls go out.

Pure. The order of the arms is the policy; each rule that a sentence of the architecture page states stands once.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from orchestration.core import acts, events
from orchestration.core.draft import Decision, Draft
from orchestration.core.events import Event, RetriableEvent
from orchestration.core.routes import flip, go_back, go_on, turn_back
from orchestration.core.saga_state import SagaState, StepState, Stuck
from orchestration.core.states import ENDED, OUT, SagaStatus, StepStatus

G = SagaStatus
S = StepStatus
Hindrance = Callable[[Sequence[StepState]], str | None]
LONGEST_WAIT = timedelta(hours=1)
SHORTEST_POLL = timedelta(seconds=0.2)
SOLO_LOSSES = 3
_AT_WORK = (events.Accepted, events.InProgress)  # the participant is at it: to ask again uses up no retry


def decide(saga: SagaState, event: Event, now: datetime) -> Decision:
    """What follows from `event`. An answer to a call that the saga no longer waits for changes nothing.

    Raises NotAllowed when an operator's act does not fit the saga as it stands.
    """
    draft = Draft(saga, now)
    _happen(draft, event)
    return draft.decision()


def begin(saga: SagaState, now: datetime) -> Decision:
    """Intent before deed: every step that is due moves to `running` or `compensating` and counts its try."""
    draft = Draft(saga, now)
    _begin(draft, _due(draft))
    return draft.decision()


def decide_and_begin(
    saga: SagaState, happened: Iterable[Event], now: datetime, hindrance: Hindrance
) -> tuple[Decision, str | None]:
    """What follows from all that `happened`, and then the intents, as one decision: the owner's way.

    `hindrance(steps)` is asked about the steps that are due: None lets them begin; any text, which is then returned
    too, keeps them back.
    """
    draft = Draft(saga, now)
    for event in happened:
        _happen(draft, event)
    due = _due(draft)
    kept_back = hindrance([draft.steps[index] for index in due]) if due else None
    if kept_back is None:
        _begin(draft, due)
    return draft.decision(), kept_back


def _happen(draft: Draft, event: Event) -> None:
    match event:
        case events.CallEvent(step=index):
            if draft.status not in ENDED and draft.steps[index].status in OUT:
                _answered(draft, index, event)
        case events.CannotGoOn(reason):
            if draft.status not in ENDED:
                _give_up(draft, reason)
        case events.DeadlinePassed():
            if draft.status in (G.PENDING, G.RUNNING):
                draft.why = "deadline passed"
                turn_back(draft)
        case _:
            acts.act(draft, event)


def _due(draft: Draft) -> list[int]:
    """The steps that may be called now: none while the saga is paused, stuck or ended."""
    if draft.paused or draft.status in ENDED or draft.status is G.STUCK:
        return []
    return [index for index, step in enumerate(draft.steps) if step.due_at is not None and step.due_at <= draft.now]


def _begin(draft: Draft, due: Iterable[int]) -> None:
    for index in due:
        _begin_step(draft, index, draft.steps[index])
        if draft.status is G.PENDING:
            draft.turn(G.RUNNING)


def _give_up(draft: Draft, reason: str) -> None:
    for index, step in enumerate(draft.steps):
        failed = _GIVEN_UP.get(step.status)
        if failed is not None:
            if step.status in OUT:
                _may_have_been_heard(draft, index)
            draft.move(index, failed, due_at=None)
    draft.stick(Stuck.CANNOT_GO_ON, reason)


_GIVEN_UP = {
    S.DUE: S.FAILED,
    S.RUNNING: S.FAILED,
    S.WAITING: S.FAILED,
    S.COMPENSATION_DUE: S.COMPENSATION_FAILED,
    S.COMPENSATING: S.COMPENSATION_FAILED,
}


def _begin_step(draft: Draft, index: int, step: StepState) -> None:
    changes = {"due_at": None, "tries": step.tries + 1, "attempt_started_at": draft.now}
    if step.undoing:
        draft.move(index, S.COMPENSATING, compensation_attempts=step.compensation_attempts + 1, **changes)
    else:
        started = step.started_at or draft.now
        draft.move(index, S.RUNNING, action_attempts=step.action_attempts + 1, started_at=started, **changes)


def _answered(draft: Draft, index: int, event: Event) -> None:
    """A call of step `index` has ended: note what it says of effects, then choose the way."""
    _learn(draft, index, event)
    step = draft.steps[index]
    if step.undoing:
        _undo_answered(draft, index, event)
    elif draft.status is G.COMPENSATING:
        _settled(draft, index, event)
    else:
        _action_answered(draft, index, event)


def _learn(draft: Draft, index: int, event: Event) -> None:
    match event:
        case events.Succeeded() | events.Undone():
            draft.touch(index, in_doubt=False, sent=True, refused_only=False)
        case events.Refused(sent=True):
            draft.touch(index, sent=True)
        case events.Accepted() | events.TryLater():
            draft.touch(index, sent=True, refused_only=False)
        case events.InDoubt() | events.InProgress() | events.Lost() | events.StaleEpoch():
            # A stale epoch too: a call with this key that nobody here knows of has reached the participant.
            _may_have_been_heard(draft, index)


def _may_have_been_heard(draft: Draft, index: int) -> None:
    draft.touch(index, sent=True, refused_only=False, in_doubt=True)


def _action_answered(draft: Draft, index: int, event: Event) -> None:
    step = draft.steps[index]
    match event:
        case events.Succeeded(output=output):
            draft.move(index, S.SUCCEEDED, finished_at=draft.now, done=True)
            draft.keep_output(index, output)
            go_on(draft)
        case events.Undone():
            draft.why = "the participant says that it was undone"
            _already_undone(draft, index)
        case events.Accepted():
            _try_again(draft, index, event, S.WAITING)
        case events.Refused():
            turn_back(draft, index)
        case events.StaleEpoch() | events.Lost():
            _not_the_steps_fault(draft, index, event, again=S.DUE, failed=S.FAILED)
        case RetriableEvent() if _may_retry(step, event):
            _try_again(draft, index, event, S.DUE)
        case _ if step.definition.hold_when_exhausted:
            draft.move(index, S.FAILED, finished_at=draft.now)
            draft.stick(
                Stuck.HELD, f"{step.definition.name}: {step.tries} tries are spent and the definition says hold"
            )
        case _:
            turn_back(draft, index)


def _undo_answered(draft: Draft, index: int, event: Event) -> None:
    step = draft.steps[index]
    name = step.definition.name
    match event:
        case events.Succeeded() | events.Undone():
            draft.move(index, S.COMPENSATED, finished_at=draft.now, in_doubt=False)
            go_back(draft)
        case events.Refused(for_ever=True):
            draft.move(index, S.COMPENSATION_FAILED, never_undoable=True, in_doubt=False)  # now it is sure: it stands
            draft.stick(Stuck.NEVER_UNDOABLE, f"{name}: the participant says that it can never be undone")
        case events.Refused():
            draft.move(index, S.COMPENSATION_FAILED)
            draft.stick(Stuck.COMPENSATION_REFUSED, f"{name}: the participant refuses to undo it")
        case events.StaleEpoch() | events.Lost():
            _not_the_steps_fault(draft, index, event, again=S.COMPENSATION_DUE, failed=S.COMPENSATION_FAILED)
        case RetriableEvent() if _may_retry(step, event):
            _try_again(draft, index, event, S.COMPENSATION_DUE)
        case _:
            draft.move(index, S.COMPENSATION_FAILED)
            draft.stick(Stuck.COMPENSATION_EXHAUSTED, f"{name}: could not be undone in {step.tries} tries")


def _settled(draft: Draft, index: int, event: Event) -> None:
    """The saga has turned back while this action was out: no further try, whatever the answer."""
    step = draft.steps[index]
    if isinstance(event, events.Succeeded):
        path = (S.SUCCEEDED,) if step.definition.compensation is None else (S.SUCCEEDED, S.COMPENSATION_DUE)
        draft.move(index, *path, finished_at=draft.now)
        if step.definition.compensation is not None:
            flip(draft, index)
    elif isinstance(event, events.Undone):
        _already_undone(draft, index)
    else:
        turn_back(draft, index)
        return
    go_back(draft)


def _already_undone(draft: Draft, index: int) -> None:
    draft.move(index, S.COMPENSATION_DUE, S.COMPENSATING, S.COMPENSATED, finished_at=draft.now)
    draft.turn(G.COMPENSATING)
    go_back(draft)


def _not_the_steps_fault(draft: Draft, index: int, event: Event, *, again: StepStatus, failed: StepStatus) -> None:
    """Lost or stale: uses up no retry; too often, and a human must look."""
    step = draft.steps[index]
    losses = step.losses + (1 if isinstance(event, events.Lost) and event.blamed else 0)
    stale = step.stale_answers + (1 if isinstance(event, events.StaleEpoch) else 0)
    name = step.definition.name
    if losses > SOLO_LOSSES:
        draft.move(index, failed, losses=losses)
        draft.stick(Stuck.WORKER_DIED, f"{name}: its worker died in {losses} tries, the last {SOLO_LOSSES} alone")
    elif stale > 1:
        draft.move(index, failed, stale_answers=stale)
        draft.stick(Stuck.STALE_EPOCH, f"{name}: the participant has seen a newer owner than the living one")
    else:
        draft.move(index, again, losses=losses, stale_answers=stale, tries=step.tries - 1, due_at=draft.now)


def _may_retry(step: StepState, event: RetriableEvent) -> bool:
    return isinstance(event, _AT_WORK) or step.tries < step.policy.max_attempts


def _try_again(draft: Draft, index: int, event: RetriableEvent, status: StepStatus) -> None:
    step = draft.steps[index]
    tries = step.tries - 1 if isinstance(event, _AT_WORK) else step.tries
    draft.move(index, status, tries=tries, losses=0, due_at=draft.now + _wait(draft, step, event))


def _wait(draft: Draft, step: StepState, event: RetriableEvent) -> timedelta:
    """Retry-After where the participant gave one (at most an hour), else full jitter; not past the deadline."""
    asked = event.retry_after
    wait = step.policy.ceiling(step.tries) * event.luck if asked is None else min(asked, LONGEST_WAIT)
    if isinstance(event, _AT_WORK):
        wait = max(wait, SHORTEST_POLL)  # polls are not counted, so nothing else would slow them down
    left = draft.before.deadline_at - draft.now
    return wait if step.undoing or left < timedelta(0) else min(wait, left)
