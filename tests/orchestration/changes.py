"""Sagas as the database would hold them, for tests of what `advance` writes. No database."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from orchestration import advance
from orchestration.advance import Happened, Owner
from orchestration.core.definitions import SagaDefinition
from orchestration.core.events import (
    Event,
)
from orchestration.core.saga_state import SagaState, StepState
from orchestration.store.rows import AttemptRow, SagaChange, StoredSaga
from tests.core.letters import NOW

ME, OTHER = uuid4(), uuid4()
SECOND = timedelta(seconds=1)
ERROR = '{"message": "no stock"}'
ANSWERED = Happened("answered")


def owner(*, blocked: Callable[[StepState], str | None] = lambda _step: None, takes_on: bool = True) -> Owner:
    def admit(due: Sequence[StepState], _steps: Sequence[StepState]) -> tuple[Sequence[StepState], str | None]:
        reasons = [blocked(step) for step in due]
        admitted = [step for step, reason in zip(due, reasons, strict=True) if reason is None]
        return admitted, next(filter(None, reasons), None)

    return Owner(ME, admit, lambda: takes_on)


def stored(state: SagaState, **fields: Any) -> StoredSaga:
    """`state` as the database holds it: at epoch 4, 2 outside writes, revision 7, without an owner."""
    definition = SagaDefinition(
        "place-order", "", timedelta(days=1), None, {}, tuple(s.definition for s in state.steps)
    )
    values: dict[str, Any] = {
        "id": uuid4(), "definition": definition, "state": state, "epoch": 4, "outside_writes": 2, "revision": 7,
        "business_key": "", "started_at": NOW - SECOND, "drain_id": None,
    }  # fmt: skip
    return StoredSaga(**values | fields)


def attempt(position: int, outcome: str, *, direction: str = "action", error: str | None = None) -> AttemptRow:
    return AttemptRow(position, direction, 1, 4, NOW, NOW, outcome, error=error)


def answered(state: SagaState, event: Event, *attempts: AttemptRow, by: Owner | None = None) -> SagaChange:
    mine = stored(state, drain_id=ME)
    return advance.owned(mine, (event,), attempts, by or owner(), NOW)
