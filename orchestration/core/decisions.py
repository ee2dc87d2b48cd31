"""The rules of a saga: `decide(saga, event, now)` says what follows, `begin(saga, now)` says which calls go out.

Pure. Each rule that a sentence of the architecture page states stands once: for answers in `answers`, for what comes
due in `coming_due`, for operators in `acts`, for the ways forward and back in `routes`, for the pivot in `pivot`.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from orchestration.core import acts, events
from orchestration.core.answers import answered, called_back
from orchestration.core.coming_due import calls_due, deadline_passed
from orchestration.core.draft import Decision, Draft
from orchestration.core.events import Event
from orchestration.core.giving_up import give_up
from orchestration.core.routes import parent_goes_back
from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import ENDED, OUT, SagaStatus, StepStatus

S = StepStatus
# Of the steps that are due: those whose call may go out now, and what keeps the others back (None: nothing).
Admission = Callable[[Sequence[StepState], Sequence[StepState]], tuple[Sequence[StepState], str | None]]


def decide(saga: SagaState, event: Event, now: datetime) -> Decision:
    """What follows from `event`. An answer that the saga no longer waits for changes nothing: no step moves.

    Raises NotAllowed when an operator's act does not fit the saga as it stands.
    """
    draft = Draft(saga, now)
    _happen(draft, event)
    return draft.decision()


def begin(saga: SagaState, now: datetime) -> Decision:
    """Intent before deed: every step that is due moves to `running` or `compensating` and counts its try.

    What comes due without a call happens first: conditions, timers, the ends of waits, the deadline.
    """
    draft = Draft(saga, now)
    _begin(draft, calls_due(draft))
    return draft.decision()


def decide_and_begin(
    saga: SagaState, happened: Iterable[Event], now: datetime, admit: Admission
) -> tuple[Decision, str | None]:
    """What follows from all that `happened`, and then the intents, as one decision: the owner's way.

    `admit(due, steps)` is asked about the calls that are due, beside all steps of the saga: which of them may begin,
    and what keeps the others back, which is then returned too.
    """
    draft = Draft(saga, now)
    for event in happened:
        _happen(draft, event)
    due = calls_due(draft)
    if not due:
        return draft.decision(), None
    admitted, kept_back = admit([draft.steps[index] for index in due], draft.steps)
    _begin(draft, [step.definition.index for step in admitted])
    return draft.decision(), kept_back


def _happen(draft: Draft, event: Event) -> None:
    match event:
        case events.CallEvent(step=index):
            if draft.status not in ENDED and draft.steps[index].status in OUT:
                answered(draft, index, event)
        case events.CalledBack():
            called_back(draft, event)
        case events.CannotGoOn(reason):
            if draft.status not in ENDED:
                give_up(draft, reason)
        case events.DeadlinePassed():
            deadline_passed(draft)
        case events.ParentGoesBack():
            parent_goes_back(draft)
        case _:
            acts.act(draft, event)
    if draft.stuck_code:
        draft.come_to_rest()


def _begin(draft: Draft, due: Iterable[int]) -> None:
    for index in due:
        _begin_step(draft, index, draft.steps[index])
        if draft.status is SagaStatus.PENDING:
            draft.turn(SagaStatus.RUNNING)


def _begin_step(draft: Draft, index: int, step: StepState) -> None:
    changes = {"due_at": None, "tries": step.tries + 1, "attempt_started_at": draft.now}
    if step.undoing:
        draft.move(index, S.COMPENSATING, compensation_attempts=step.compensation_attempts + 1, **changes)
    else:
        started = step.started_at or draft.now
        draft.move(index, S.RUNNING, action_attempts=step.action_attempts + 1, started_at=started, **changes)
