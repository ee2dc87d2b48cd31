"""The pivot: past it a saga only goes forward, and where it may have taken effect it is never undone on a guess."""

from collections.abc import Iterable

from orchestration.core.saga_state import StepState, Stuck
from orchestration.core.states import StepStatus

S = StepStatus


def no_way_back(steps: Iterable[StepState]) -> str | None:
    """Why the saga cannot turn back now; None: it can. A pivot that was skipped has no effect to respect."""
    pivot = _pivot(steps)
    if pivot is None:
        return None
    name = pivot.definition.name
    if pivot.status is S.SUCCEEDED:
        return f"the saga is past its pivot, {name}, and only goes forward"
    if pivot.status in (S.RUNNING, S.WAITING):
        return f"the pivot, {name}, is being called; its answer comes first"
    if pivot.in_doubt and pivot.status in (S.DUE, S.FAILED):
        return f"{name} is in doubt: first find out whether it took effect"
    return None


def is_past(steps: Iterable[StepState]) -> bool:
    """Whether the pivot took effect: then there is no way back, for ever."""
    pivot = _pivot(steps)
    return pivot is not None and pivot.status is S.SUCCEEDED


def must_stay(steps: Iterable[StepState], failed: StepState, *, exhausted: bool) -> tuple[Stuck, str] | None:
    """Why a step that failed for good does not turn its saga back; None: it does."""
    name, pivot = failed.definition.name, _pivot(steps)
    if pivot is failed and failed.in_doubt:
        return Stuck.PIVOT_IN_DOUBT, f"{name}: nobody knows whether the pivot took effect"
    if pivot is not None and pivot is not failed and pivot.status is S.SUCCEEDED:
        return Stuck.PAST_PIVOT, f"{name}: failed past the pivot, from where the saga only goes forward"
    if exhausted and failed.definition.hold_when_exhausted:
        return Stuck.HELD, f"{name}: {failed.tries} tries are spent and the definition says hold"
    return None


def _pivot(steps: Iterable[StepState]) -> StepState | None:
    return next((step for step in steps if step.definition.pivot), None)
