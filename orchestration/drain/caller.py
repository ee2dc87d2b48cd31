"""The calls that are out: started with the intent committed, ended as `Finished`."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from uuid import UUID

import psycopg

from orchestration.core.definitions import SagaDefinition, StepDefinition
from orchestration.core.mapping import MappingError
from orchestration.core.saga_state import StepState
from orchestration.core.states import StepKind
from orchestration.drain.calls import Finished, cannot_be_made, command_for, finished
from orchestration.drain.catalogue import Catalogue
from orchestration.drain.clock import DatabaseClock
from orchestration.drain.connections import Connection, connect
from orchestration.drain.lease import Lease, LeaseLost
from orchestration.drain.slots import Slots, grace
from orchestration.faults import FIRE, Fault
from orchestration.participants.call import call
from orchestration.participants.messages import Answer, Command, Outcome, Transport, problem
from orchestration.participants.transports import SUB_SAGA, Transports
from orchestration.store.rows import StoredSaga

# Which call of a saga: index of the step, whether it undoes, number of the try. A call that has ended stays known until
# that is recorded: meanwhile a sibling may be recorded, and the step still stands as out. And a call that nobody waits
# for any more (a callback came first) may still be out when the next one of the same step begins.
Try = tuple[int, bool, int]


def _is_out(out: Sequence[StepState], this: Try) -> bool:
    return any(this == (step.definition.index, step.undoing, step.attempt) for step in out)


class Caller:
    """Makes calls concurrently; `on_finished` is told of each that has ended. Made inside the running loop."""

    def __init__(
        self, lease: Lease, catalogue: Catalogue, clock: DatabaseClock, slots: Slots,
        on_finished: Callable[[Finished], None],
    ) -> None:  # fmt: skip
        self._lease = lease
        self._slots = slots
        self._catalogue = catalogue
        self._clock = clock
        self._on_finished = on_finished
        self._tasks: defaultdict[UUID, dict[Try, asyncio.Task[None]]] = defaultdict(dict)
        self._out = 0
        self._transports = Transports(catalogue.http_participant)
        self._faults: Connection | None = None
        self._faults_lock = asyncio.Lock()

    def out(self) -> int:
        """How many calls are out."""
        return self._out

    def start(self, saga: StoredSaga) -> None:
        """Start the calls whose intent is committed and that are not out yet."""
        tasks = self._tasks[saga.id]
        out = saga.state.calls_out()
        for step in out:
            this = (step.definition.index, step.undoing, step.attempt)
            if this not in tasks:
                tasks[this] = asyncio.create_task(self._run(saga, step, this))
                self._out += 1
                self._slots.started(step.definition.participant)
        if len(tasks) > len(out):
            self._tasks[saga.id] = {this: task for this, task in tasks.items() if not task.done() or _is_out(out, this)}

    def drop(self, saga_id: UUID, definition: SagaDefinition | None) -> None:
        """Forget the saga's calls: their answers are of no use any more. Cut as they are, they may still be worked
        on."""
        for (index, _undoing, _attempt), task in self._tasks.pop(saga_id, {}).items():
            if task.cancel():
                self._out -= 1
                if definition is not None:
                    step = definition.steps[index]
                    wait = grace(self._seconds_for(step))
                    asyncio.get_running_loop().call_later(wait, self._slots.ended, step.participant)

    async def close(self) -> None:
        """Cancel what is still out and end all connections."""
        tasks = [task for tasks in self._tasks.values() for task in tasks.values()]
        for saga_id in list(self._tasks):
            self.drop(saga_id, None)
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._transports.close()
        if self._faults is not None:
            await self._faults.close()

    async def _run(self, saga: StoredSaga, step: StepState, this: Try) -> None:
        command: Command | None = None
        try:
            command = command_for(saga, step, self._seconds_for(step.definition))
            answer = await call(command, self._transport(step), self._before_sending)
        except MappingError as error:
            answer = cannot_be_made(error)
        except LeaseLost:
            self._slots.ended(step.definition.participant)
            return  # the saga belongs to another by now; the loop will notice and drop it
        except Exception as error:  # noqa: BLE001  a bug in a transport must not leave a call out for ever
            answer = Answer(Outcome.IN_DOUBT, error=problem(f"{type(error).__name__}: {error}"[:500], "worker_error"))
        if self._tasks.get(saga.id, {}).get(this) is asyncio.current_task():
            self._out -= 1
        self._on_finished(finished(saga, step, command, answer, self._clock.now(), random.random()))  # noqa: S311  jitter

    def ended(self, saga_id: UUID) -> None:
        """A sub-saga has ended: its parent is told."""
        self._transports.sub_sagas().ended(saga_id)

    def _seconds_for(self, step: StepDefinition) -> float:
        """No more than its slot was taken for, should somebody have changed the participant since."""
        wanted = self._catalogue.timeout_of(step)
        return min(wanted, self._slots.longest(step.participant)) if step.kind is StepKind.CALL else wanted

    def _transport(self, step: StepState) -> Transport:
        if step.definition.kind is StepKind.SAGA:
            return self._transports.by_name(SUB_SAGA)
        return self._transports.by_name(self._catalogue.participants[step.definition.participant].transport)

    async def _before_sending(self, command: Command) -> Fault | None:
        if not self._lease.holds():
            raise LeaseLost
        if not self._catalogue.has_faults:
            return None
        fault = self._catalogue.fault_for(command, self._clock.now(), random.random())  # noqa: S311  a fault's dice
        return fault if fault is not None and await self._fires(fault) else None

    async def _fires(self, fault: Fault) -> bool:
        """Count the firing first: a rule for two calls acts on two, whatever dies meanwhile."""
        async with self._faults_lock:
            try:
                if self._faults is None or self._faults.closed:
                    self._faults = await connect("sagaconsole faults")
                return await (await self._faults.execute(FIRE, [fault.id])).fetchone() is not None
            except psycopg.OperationalError:
                return False  # without the database no rule is known to be in force
