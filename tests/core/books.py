"""What must be true of a saga at every moment, whatever has happened: kept by the machine that plays random sagas."""

from datetime import datetime
from itertools import pairwise

from hypothesis.stateful import RuleBasedStateMachine, invariant

from orchestration.core import events
from orchestration.core.draft import Decision
from orchestration.core.events import CallEvent, Event
from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import SAGA_MOVES, STEP_MOVES, SagaStatus, StepStatus
from tests.core.letters import NOW, letters
from tests.core.world import RETRIABLE, Hap, Participant

G, S = SagaStatus, StepStatus


def to_operators(state: SagaState) -> tuple[object, ...]:
    """What an operator's act depends on: a call being out or about to go out is the same."""
    return state.status, state.paused, letters(state).replace("r", "d").replace("c", "u")


def _may_become(status: SagaStatus) -> set[SagaStatus]:
    """One decision may make two moves, such as pending, running, compensated."""
    direct = {before for before, moves in SAGA_MOVES.items() if status in moves}
    return direct | {before for before, moves in SAGA_MOVES.items() if moves & direct}


class Books(RuleBasedStateMachine):
    """`saga` is what the orchestrator knows, `world` is what is the case."""

    saga: SagaState
    world: list[Participant]

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOW
        self.undoing = False
        self.open_effects = False

    def due_times(self) -> list[datetime]:
        return [step.due_at for step in self.saga.steps if step.due_at is not None]

    def note(self, event: CallEvent, hap: Hap) -> None:
        participant, step = self.world[event.step], self.saga.steps[event.step]
        (participant.undo_ends if step.undoing else participant.action_ends)(event, hap)

    def note_act(self, kind: type[Event], before: SagaState) -> None:
        """A stuck step gets a fresh budget, or is left as it is: never while nobody knows whether it took effect."""
        for step, participant in zip(before.steps, self.world, strict=True):
            stuck = before.status is G.STUCK
            if kind is events.Retry or (kind is events.Compensate and stuck):
                if step.status in (S.DUE, S.WAITING, S.FAILED):
                    participant.action.used = 0
                if step.status in (S.COMPENSATION_DUE, S.COMPENSATION_FAILED):
                    participant.undo.used = 0
            if kind is events.Skip and step.status is S.COMPENSATION_FAILED:
                assert not participant.in_doubt
                participant.undo_skipped = self.open_effects = True
            elif kind is events.Skip and step.status is S.FAILED and not self.undoing:
                assert not participant.in_doubt
                assert participant.clean or participant.accepted
                participant.skipped = True

    def land(self, decision: Decision) -> None:
        """Every status that changed did so by legal moves, and the revision grew exactly when it matters."""
        before, after = decision.before, decision.after
        paths = {move.step: move.path for move in decision.moves}
        for index, (old, new) in enumerate(zip(before.steps, after.steps, strict=True)):
            path = paths.get(index, (old.status,))
            assert (path[0], path[-1]) == (old.status, new.status)
            assert all(status in STEP_MOVES[last] for last, status in pairwise(path))
        assert after.status is before.status or before.status in _may_become(after.status)
        assert decision.changes_revision is (to_operators(before) != to_operators(after))
        self.saga = after

    # -- what must be true ---------------------------------------------------------------------------------------

    def check_call(self, step: StepState) -> None:
        """A call goes out: at its time, within its budget, in its order, and in one direction."""
        index = step.definition.index
        before, me = self.saga.steps[index], self.world[index]
        assert before.due_at is not None
        assert before.due_at <= self.now
        assert not self.saga.paused
        assert self.saga.status in (G.PENDING, G.RUNNING, G.COMPENSATING)
        budget = me.undo if step.undoing else me.action
        budget.used += 1
        assert budget.used <= budget.most
        if step.undoing:
            self.undoing = me.undo_called = True
            assert me.owed_an_undo
            newer = self.world[index + 1 :]
            assert all(other.undone or other.undo_skipped or not other.owed_an_undo for other in newer)
        else:
            assert not self.undoing
            assert all(other.acted or other.skipped for other in self.world[:index])
            assert not any(other.left_the_worker for other in self.world[index + 1 :])

    def check_answer(self, before: SagaState, event: CallEvent) -> None:
        """A refusal is final; a try that failed is repeated exactly while there are tries left."""
        old, new = before.steps[event.step], self.saga.steps[event.step]
        budget = self.world[event.step].undo if old.undoing else self.world[event.step].action
        again = new.status in (S.DUE, S.WAITING) if not old.undoing else new.status is S.COMPENSATION_DUE
        if isinstance(event, events.Refused):
            assert not again
            assert old.undoing or before.status is G.STUCK or self.saga.status in (G.COMPENSATING, G.COMPENSATED)
        elif isinstance(event, RETRIABLE) and (old.undoing or before.status is G.RUNNING):
            assert again == (budget.used < budget.most)
            if not again:
                held = old.undoing or old.definition.hold_when_exhausted
                assert self.saga.status is G.STUCK if held else self.saga.status is not G.RUNNING

    @invariant()
    def doubt_is_told(self) -> None:
        for step, participant in zip(self.saga.steps, self.world, strict=True):
            assert step.in_doubt == participant.in_doubt or step.status is S.COMPENSATED

    @invariant()
    def somebody_or_something_will_move_it(self) -> None:
        saga = self.saga
        assert (saga.status is G.STUCK) == bool(saga.stuck_code) == bool(saga.stuck_reason)
        if saga.ended or saga.status is G.STUCK or saga.paused:
            assert saga.status is not G.STUCK or not saga.calls_out()
            return
        assert saga.calls_out() or any(step.due_at is not None for step in saga.steps)
        assert saga.wake_at(self.now) is not None

    @invariant()
    def the_end_is_what_it_says(self) -> None:
        if not self.saga.ended:
            return
        assert not self.saga.calls_out()
        if self.saga.status is G.COMPLETED:
            assert all(me.skipped or (me.acted and not me.undone) for me in self.world)
            assert not self.undoing
            return
        for me in self.world:
            owed = me.owed_an_undo and not me.undo_skipped
            assert me.undone or not owed, "an undo that is owed was not done"
            assert not me.undo_called or me.owed_an_undo, "an undo was called that nothing called for"
            assert me.clean or not owed, "an effect stands, or may still come"
            assert me.clean or not me.has_undo or me.skipped or me.undo_skipped
        assert (self.saga.status is G.ABANDONED) == self.open_effects
