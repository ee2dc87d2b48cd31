"""Random definitions: groups, conditions, a pivot, approvals, timers; and their sagas as they are launched."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import strategies as st

from orchestration.core.definitions import RetryPolicy, StepDefinition
from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import SagaStatus, StepKind, StepStatus
from tests.core.books import CONDITIONS
from tests.core.letters import NOW

SECOND = timedelta(seconds=1)
TIME_LIMIT = 60 * SECOND
INPUT = {"yes": True, "no": False, "text": "no number"}

policies = st.sampled_from(
    [RetryPolicy(tries, initial * SECOND, 2, 8 * SECOND) for tries, initial in ((2, 1), (1, 1), (3, 0))]
)
lengths = st.sampled_from([5 * SECOND, 20 * SECOND, 100 * SECOND])
kinds = st.sampled_from([StepKind.CALL] * 6 + [StepKind.APPROVAL, StepKind.WAIT, StepKind.SAGA])
conditions = st.sampled_from([None] * 8 + sorted(CONDITIONS))


@st.composite
def definitions(draw: st.DrawFn) -> tuple[StepDefinition, ...]:
    groups = draw(st.lists(st.sampled_from([1, 1, 1, 2, 3]), min_size=1, max_size=4))
    stages = [stage for stage, size in enumerate(groups) for _member in range(size)]
    alone = [stage for stage, size in enumerate(groups) if size == 1]
    pivot = draw(st.sampled_from([None, *alone]))
    return tuple(_step(draw, index, stage, is_pivot=stage == pivot) for index, stage in enumerate(stages))


def _step(draw: st.DrawFn, index: int, stage: int, *, is_pivot: bool) -> StepDefinition:
    kind = draw(st.sampled_from([*[StepKind.CALL] * 4, StepKind.SAGA]) if is_pivot else kinds)
    common = {"index": index, "stage": stage, "name": f"step-{index}", "kind": kind, "when": draw(conditions)}
    if kind is StepKind.SAGA:
        return StepDefinition(
            participant="", action="sub", compensation="sub", saga="sub", retry=draw(policies),
            compensation_retry=draw(policies), pivot=is_pivot, **common,
        )  # fmt: skip
    if kind is not StepKind.CALL:
        return StepDefinition(participant="", action="", wait=draw(lengths), **common)
    within = draw(st.none() | lengths)
    return StepDefinition(
        participant="somebody", action="/do", compensation="/undo" if draw(st.integers(0, 3)) else None,
        retry=draw(policies), compensation_retry=draw(policies), hold_when_exhausted=draw(st.booleans()),
        compensate_when_refused=draw(st.booleans()), pivot=is_pivot, answer_within=within,
        longest_wait=within or TIME_LIMIT, **common,
    )  # fmt: skip


def launched(steps: Sequence[StepDefinition]) -> SagaState:
    states = tuple(
        StepState(definition, StepStatus.DUE, due_at=NOW) if definition.stage == 0 else StepState(definition)
        for definition in steps
    )
    return SagaState(SagaStatus.PENDING, states, NOW + TIME_LIMIT, input=INPUT)
