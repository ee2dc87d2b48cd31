"""What time brings: calls to be made, and what happens without one, such as conditions, timers and the deadline."""

from orchestration.core.answers import not_answered_in_time
from orchestration.core.data import is_wanted
from orchestration.core.draft import Draft
from orchestration.core.mapping import MappingError
from orchestration.core.pivot import no_way_back
from orchestration.core.routes import fail, go_on, turn_back
from orchestration.core.saga_state import StepState
from orchestration.core.states import ANSWERED, ENDED, SagaStatus, StepKind, StepStatus
from orchestration.core.waits import NOTHING

G = SagaStatus
S = StepStatus


def calls_due(draft: Draft) -> list[int]:
    """The steps to be called now, once everything has happened that comes due without a call.

    None while the saga is paused, stuck (or about to be), or ended.
    """
    wanted: set[int] = set()
    while due := _due(draft):
        if draft.now >= draft.before.deadline_at and deadline_passed(draft):
            continue
        first = next((i for i in due if i not in wanted and not _is_plain_call(draft.steps[i])), None)
        if first is None:
            break
        if _is_to_be_called(draft, first, draft.steps[first]):
            wanted.add(first)
    return due


def deadline_passed(draft: Draft) -> bool:
    """Turn back, if there is a way back, and say whether that was done. Else it only alerts: `overdue`."""
    if draft.stuck_code or draft.status in ENDED:
        return False
    if draft.status is G.COMPENSATING:
        draft.overdue = True
        return False
    if no_way_back(draft.steps):
        draft.why = draft.why if draft.overdue else "deadline passed, but there is no way back"
        draft.overdue = True
        return False
    draft.overdue = True
    draft.why = "deadline passed"
    turn_back(draft)
    return True


def _due(draft: Draft) -> list[int]:
    if draft.paused or draft.stuck_code or draft.status in ENDED:
        return []
    now = draft.now
    return [index for index, step in enumerate(draft.steps) if step.due_at is not None and step.due_at <= now]


def _is_plain_call(step: StepState) -> bool:
    definition = step.definition
    return definition.kind in ANSWERED and definition.when is None and step.answer_by is None


def _is_to_be_called(draft: Draft, index: int, step: StepState) -> bool:
    """Whether the step that is due is to be called. If not, what was due instead has happened."""
    if step.answer_by is not None and step.answer_by <= draft.now:
        not_answered_in_time(draft, index)
        return False
    first_try = step.status is S.DUE and step.action_attempts == 0 and step.edited_input is None
    if first_try and not _holds(draft, index, step):
        return False
    if step.definition.kind in ANSWERED:
        return True
    if step.status is S.DUE:
        draft.turn(G.RUNNING)
        draft.move(index, S.WAITING, due_at=draft.now + (step.definition.wait or NOTHING), started_at=draft.now)
    else:
        _time_is_over(draft, index, step)
    return False


def _holds(draft: Draft, index: int, step: StepState) -> bool:
    """The step's condition, asked once, before its first try. A condition that fails is a refusal, never sent."""
    try:
        if is_wanted(draft, step):
            return True
    except MappingError as error:
        draft.why = f"{step.definition.name}: its condition fails"
        draft.errors[index] = {"message": str(error), "code": "mapping"}
        fail(draft, index)
        return False
    draft.move(index, S.SKIPPED, due_at=None)
    go_on(draft)
    return False


def _time_is_over(draft: Draft, index: int, step: StepState) -> None:
    if step.definition.kind is StepKind.WAIT:
        draft.move(index, S.SUCCEEDED, due_at=None, finished_at=draft.now)
        go_on(draft)
        return
    draft.why = f"{step.definition.name}: nobody has decided in time"
    draft.errors[index] = {"message": "nobody has decided in time", "code": "approval_timeout"}
    fail(draft, index)
