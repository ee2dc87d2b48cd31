"""The two ways through a saga: forward stage by stage, and back in reverse."""

from datetime import datetime

from orchestration.core.draft import Draft, NotAllowed
from orchestration.core.pivot import must_stay, no_way_back
from orchestration.core.saga_state import StepState, Stuck
from orchestration.core.states import SagaStatus, StepStatus

G = SagaStatus
S = StepStatus
_BEHIND = (S.SUCCEEDED, S.SKIPPED)
_TO_UNDO = frozenset({S.COMPENSATION_DUE, S.COMPENSATING, S.COMPENSATION_FAILED})
_UNSETTLED = frozenset({S.RUNNING})


def go_on(draft: Draft) -> None:
    """Forward: when a stage is done the next becomes due; after the last the saga is completed."""
    if draft.stuck_code:
        return
    ahead = [step for step in draft.steps if step.status not in _BEHIND]
    if not ahead:
        draft.turn(G.COMPLETED)
        return
    stage = ahead[0].definition.stage
    here = [step for step in ahead if step.definition.stage == stage]
    for step in here:
        if step.status is S.PENDING:
            draft.move(step.definition.index, S.DUE, due_at=draft.now)
    _wait_for_a_person(draft, here, S.FAILED)


def fail(draft: Draft, index: int, *, exhausted: bool = False) -> None:
    """The step has failed for good: the saga goes back, or stays for a person to look."""
    reason = must_stay(draft.steps, draft.steps[index], exhausted=exhausted)
    if reason is None and not draft.stuck_code:
        turn_back(draft, index)
        return
    draft.move(index, S.FAILED, due_at=None, answer_by=None, finished_at=draft.now)
    if reason is not None:
        draft.stick(*reason)


def turn_back(draft: Draft, failed: int | None = None) -> None:
    """From here the saga goes back. The step that failed is compensated too; what is not out is settled at once."""
    draft.turn(G.COMPENSATING)
    for index, step in enumerate(draft.steps):
        if index == failed or step.status in (S.DUE, S.WAITING) or (step.status is S.FAILED and step.sent):
            settle(draft, index, failed=index == failed)
    go_back(draft)


def parent_goes_back(draft: Draft) -> None:
    """A sub-saga is undone as one unit, and only so is one that has completed reopened. What goes back already goes on.

    Raises NotAllowed where there is no way back.
    """
    going_back = any(step.status is S.COMPENSATION_FAILED for step in draft.steps)
    if draft.status in (G.COMPENSATING, G.COMPENSATED, G.ABANDONED) or going_back:
        return
    if reason := no_way_back(draft.steps):
        raise NotAllowed(reason)
    draft.why = "the saga that this one is a step of goes back"
    turn_back(draft)


def settle(draft: Draft, index: int, *, failed: bool = False) -> None:
    """No further try of this action: it is undone if it may have had an effect. `failed`: its own answer says so."""
    if draft.steps[index].unanswered and not failed:
        draft.doubt(index)
    step = draft.steps[index]
    if _owes_an_undo(step):
        draft.move(index, S.COMPENSATION_DUE, due_at=None, answer_by=None, finished_at=draft.now)
    elif failed or step.action_attempts > 0:
        draft.move(index, S.FAILED, due_at=None, answer_by=None, finished_at=draft.now)
    else:
        draft.move(index, S.SKIPPED, due_at=None)


def go_back(draft: Draft) -> None:
    """Back: once all calls are settled, the newest stage that may have had an effect is undone next."""
    if draft.stuck_code or any(step.status in _UNSETTLED for step in draft.steps):
        return
    to_undo = [step for step in draft.steps if _is_to_undo(step)]
    if not to_undo:
        draft.turn(G.ABANDONED if any(step.effect_stands for step in draft.steps) else G.COMPENSATED)
        return
    stage = max(step.definition.stage for step in to_undo)
    here = [step for step in to_undo if step.definition.stage == stage]
    for step in here:
        if step.status is S.SUCCEEDED:
            draft.move(step.definition.index, S.COMPENSATION_DUE)
        if step.status in (S.SUCCEEDED, S.COMPENSATION_DUE) and step.due_at is None:
            flip(draft, step.definition.index)
    _wait_for_a_person(draft, here, S.COMPENSATION_FAILED)


def flip(draft: Draft, index: int) -> None:
    """The step now counts tries of its undo: a budget of its own, due at once."""
    step = draft.steps[index]
    done = step.done or step.in_doubt  # from here on the doubt is about the undo
    draft.touch(index, **fresh_budget(draft.now), sent=False, refused_only=True, done=done)


def fresh_budget(now: datetime) -> dict[str, object]:
    """The fields of a step whose tries begin anew."""
    return {"tries": 0, "losses": 0, "stale_answers": 0, "due_at": now, "answer_by": None}


def _wait_for_a_person(draft: Draft, here: list[StepState], failed: StepStatus) -> None:
    """Of several steps that had failed one was repaired: the others still need somebody."""
    if all(step.status is failed for step in here):
        names = ", ".join(step.definition.name for step in here)
        draft.stick(Stuck.STILL_FAILED, f"{names}: failed before and still needs a person")


def _is_to_undo(step: StepState) -> bool:
    return step.status in _TO_UNDO or (step.status is S.SUCCEEDED and step.definition.compensation is not None)


def _owes_an_undo(step: StepState) -> bool:
    """Only what never left the worker, or was refused each time where the definition says so, is spared."""
    definition = step.definition
    spared = not step.sent or (step.refused_only and not definition.compensate_when_refused)
    return definition.compensation is not None and not spared
