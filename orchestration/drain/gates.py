"""Who may go on now: which calls may go out, and which sagas may begin.

What may not is parked: `core/parking.py` has the names of what a saga can wait for.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from orchestration.core import parking
from orchestration.core.saga_state import StepState
from orchestration.core.states import OUT, SagaStatus, StepKind
from orchestration.drain.suspects import apart
from orchestration.store import parked
from orchestration.store.rows import StoredSaga

if TYPE_CHECKING:
    from orchestration.drain.loop import Drain

Admitted = tuple[Sequence[StepState], str | None]


class Gates:
    """Asked in the decisions. Nothing here waits or talks to the database, except `kept_out`."""

    def __init__(self, drain: "Drain") -> None:
        self._drain = drain

    def admit(self, due: Sequence[StepState], steps: Sequence[StepState]) -> Admitted:
        """Which of the calls that are due may go out. Where sagas stand in line for a participant, they come first;
        but a step beside whose sibling is out cannot stand in line, and goes when it can."""
        lines = self._drain.queues.lines
        has_turn = not lines or any(step.status in OUT for step in steps)
        return self._admit(due, has_turn=has_turn)

    def admit_from_line(self, due: Sequence[StepState], _steps: Sequence[StepState]) -> Admitted:
        """The same for sagas that were taken out of a line."""
        return self._admit(due, has_turn=True)

    def _admit(self, due: Sequence[StepState], *, has_turn: bool) -> Admitted:
        suspects = self._drain.suspects
        for step in due:
            if step.losses and not suspects.may_be_called(step):
                return (), apart(step)
        admitted: list[StepState] = []
        waits_for: str | None = None
        for step in due:
            if self._may_be_called(step, has_turn=has_turn):
                admitted.append(step)
            elif waits_for is None:
                waits_for = parking.participant(step.definition.participant)
        return admitted, waits_for

    def _may_be_called(self, step: StepState, *, has_turn: bool) -> bool:
        drain, definition = self._drain, step.definition
        if definition.kind is StepKind.SAGA:
            return True
        known = drain.catalogue.participants.get(definition.participant)
        if known is None:
            return False
        timeout = drain.catalogue.timeout_of(definition)
        if not known.may_be_called:
            return known.is_open and not known.paused and drain.slots.take_probe(definition.participant, timeout)
        if not has_turn and parking.participant(definition.participant) in drain.queues.lines:
            return False
        return drain.slots.take(definition.participant, timeout)

    async def kept_out(self, sagas: Sequence[StoredSaga]) -> dict[UUID, str]:
        """Of the sagas that a claim has read and locked, those that may not begin, and what they wait for.

        The gates that were asked about stay held until the end of the claim's transaction.
        """
        asked = [saga for saga in sagas if _asks(saga)]
        if not asked:
            return {}
        gates = {_lock_gate(saga) for saga in asked if _wants_lock(saga)}
        gates |= {parking.concurrency(saga.definition.name) for saga in asked if _wants_place(saga)}
        rows = await (await self._drain.connection.execute(parked.GATES, [sorted(gates)])).fetchall()
        held = {row[0] for row in rows}
        out = await self._locked_out(asked, held)
        return out | await self._without_place([saga for saga in asked if saga.id not in out], held)

    async def _locked_out(self, asked: Sequence[StoredSaga], held: set[str]) -> dict[UUID, str]:
        wanting = [saga for saga in asked if _wants_lock(saga)]
        if not wanting:
            return {}
        ids = [saga.id for saga in wanting if _lock_gate(saga) in held]
        rows = await (await self._drain.connection.execute(parked.UNLOCKED, [ids])).fetchall()
        free = {row[0] for row in rows}
        return {saga.id: parking.lock(str(saga.lock_key)) for saga in wanting if saga.id not in free}

    async def _without_place(self, asked: Sequence[StoredSaga], held: set[str]) -> dict[UUID, str]:
        wanting = [saga for saga in asked if _wants_place(saga)]
        if not wanting:
            return {}
        names = sorted({saga.definition.name for saga in wanting})
        rows = await (await self._drain.connection.execute(parked.IN_FLIGHT, [names])).fetchall()
        in_flight = Counter({row[0]: row[1] for row in rows})
        out: dict[UUID, str] = {}
        for saga in wanting:
            name, queue = saga.definition.name, parking.concurrency(saga.definition.name)
            stands_in_line = saga.parked_on == queue
            goes_first = stands_in_line or queue not in self._drain.queues.lines
            if queue in held and goes_first and in_flight[name] < (saga.definition.concurrency or 0):
                in_flight[name] += 1
            else:
                out[saga.id] = queue
        return out


def _asks(saga: StoredSaga) -> bool:
    return saga.definition.concurrency is not None or saga.lock_key is not None


def _wants_place(saga: StoredSaga) -> bool:
    if saga.definition.concurrency is None:
        return False
    return saga.state.status is SagaStatus.PENDING or saga.parked_on == parking.concurrency(saga.definition.name)


def _wants_lock(saga: StoredSaga) -> bool:
    return saga.lock_key is not None and saga.state.status is SagaStatus.PENDING


def _lock_gate(saga: StoredSaga) -> str:
    return f"lock:{saga.definition.name}:{saga.lock_key}"
