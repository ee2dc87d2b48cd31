"""The two ways through a saga: forward stage by stage, and back in reverse."""

from datetime import datetime

from orchestration.core.draft import Draft
from orchestration.core.saga_state import StepState
from orchestration.core.states import SagaStatus, StepStatus

G = SagaStatus
S = StepStatus
_TO_UNDO = frozenset({S.COMPENSATION_DUE, S.COMPENSATING, S.COMPENSATION_FAILED})
_UNSETTLED = frozenset({S.RUNNING})


def go_on(draft: Draft) -> None:
    """Forward: when a stage is done the next becomes due; after the last the saga is completed."""
    open_steps = [step for step in draft.steps if step.status not in (S.SUCCEEDED, S.SKIPPED)]
    if not open_steps:
        draft.turn(G.COMPLETED)
        return
    stage = min(step.definition.stage for step in open_steps)
    for step in open_steps:
        if step.definition.stage == stage and step.status is S.PENDING:
            draft.move(step.definition.index, S.DUE, due_at=draft.now)


def turn_back(draft: Draft, failed: int | None = None) -> None:
    """From here the saga goes back. The step that failed is compensated too; steps in backoff are settled."""
    draft.turn(G.COMPENSATING)
    for index, step in enumerate(draft.steps):
        if index == failed or step.status in (S.DUE, S.WAITING) or (step.status is S.FAILED and step.sent):
            _settle(draft, index, step)
    go_back(draft)


def go_back(draft: Draft) -> None:
    """Back: once all calls are settled, the newest stage that may have had an effect is undone next."""
    if any(step.status in _UNSETTLED for step in draft.steps):
        return
    to_undo = [step for step in draft.steps if _is_to_undo(step)]
    if not to_undo:
        draft.turn(G.ABANDONED if any(step.effect_stands for step in draft.steps) else G.COMPENSATED)
        return
    stage = max(step.definition.stage for step in to_undo)
    for step in to_undo:
        if step.definition.stage == stage:
            if step.status is S.SUCCEEDED:
                draft.move(step.definition.index, S.COMPENSATION_DUE)
            if step.status in (S.SUCCEEDED, S.COMPENSATION_DUE) and step.due_at is None:
                flip(draft, step.definition.index)


def flip(draft: Draft, index: int) -> None:
    """The step now counts tries of its undo: a budget of its own, due at once."""
    draft.touch(index, **fresh_budget(draft.now), sent=False, refused_only=True)


def fresh_budget(now: datetime) -> dict[str, object]:
    """The fields of a step whose tries begin anew."""
    return {"tries": 0, "losses": 0, "stale_answers": 0, "due_at": now}


def _is_to_undo(step: StepState) -> bool:
    return step.status in _TO_UNDO or (step.status is S.SUCCEEDED and step.definition.compensation is not None)


def _settle(draft: Draft, index: int, step: StepState) -> None:
    if step.action_attempts == 0:
        draft.move(index, S.SKIPPED, due_at=None)
    elif _owes_an_undo(step):
        draft.move(index, S.COMPENSATION_DUE, due_at=None, finished_at=draft.now)
    elif step.status is not S.FAILED:
        draft.move(index, S.FAILED, due_at=None, finished_at=draft.now)


def _owes_an_undo(step: StepState) -> bool:
    """Only what never left the worker, or was refused each time where the definition says so, is spared."""
    definition = step.definition
    spared = not step.sent or (step.refused_only and not definition.compensate_when_refused)
    return definition.compensation is not None and not spared
