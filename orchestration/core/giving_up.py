"""What becomes of a saga's steps when the engine, or a person, gives it up."""

from orchestration.core.draft import Draft
from orchestration.core.routes import go_back, settle
from orchestration.core.saga_state import Stuck
from orchestration.core.states import ENDED, OUT, SagaStatus, StepStatus

G = SagaStatus
S = StepStatus
_UNDOING = (S.COMPENSATION_DUE, S.COMPENSATING)


def give_up(draft: Draft, reason: str) -> None:
    """The engine cannot go on: stuck, with every step that was under way failed, so that a person can repair each.

    A saga that was going back still is: what it was settling is settled, what it was undoing is what it is stuck on.
    """
    for index, step in enumerate(draft.steps):
        if step.status is S.RUNNING and draft.status is G.COMPENSATING:
            settle(draft, index)
        elif step.status in (S.DUE, S.RUNNING, S.WAITING):
            _ends(draft, index, S.FAILED)
    if draft.status is G.COMPENSATING:
        go_back(draft)
    for index, step in enumerate(draft.steps):
        if step.status in _UNDOING and (step.due_at is not None or step.status in OUT):
            _ends(draft, index, S.COMPENSATION_FAILED)
    if draft.status not in ENDED:
        draft.stick(Stuck.CANNOT_GO_ON, reason)


def abandon(draft: Draft) -> None:
    """A person ends it as it stands: what may have been heard is in doubt, what was never tried is skipped."""
    for index, step in enumerate(draft.steps):
        if step.status in _UNDOING:
            _ends(draft, index, S.COMPENSATION_FAILED)
        elif step.status in (S.DUE, S.RUNNING, S.WAITING):
            _ends(draft, index, S.FAILED if step.action_attempts > 0 else S.SKIPPED)
    draft.turn(G.ABANDONED)


def _ends(draft: Draft, index: int, status: StepStatus) -> None:
    if draft.steps[index].unanswered:
        draft.doubt(index)
    draft.move(index, status, due_at=None, answer_by=None)
