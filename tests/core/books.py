"""What must be true of a saga at every moment, whatever has happened: kept by the machine that plays random sagas."""

from datetime import datetime
from itertools import pairwise

from hypothesis.stateful import RuleBasedStateMachine, invariant

from orchestration.core import events
from orchestration.core.decisions import begin, decide
from orchestration.core.draft import Decision
from orchestration.core.effects import open_effects
from orchestration.core.events import CallEvent
from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import ANSWERED, SAGA_MOVES, STEP_MOVES, SagaStatus, StepStatus
from tests.core.letters import NOW, letters
from tests.core.world import RETRIABLE, Budget, Hap, Participant

G, S = SagaStatus, StepStatus
CONDITIONS = {"input.yes": True, "input.no": False, 'outputs."step-0".ok': None, "abs(input.text)": None}


def to_operators(state: SagaState) -> tuple[object, ...]:
    """What an operator's act depends on: a call being out or about to go out is the same."""
    doubts = [step.in_doubt for step in state.steps if step.status in (S.FAILED, S.COMPENSATION_FAILED)]
    edited = [step.edited_input for step in state.steps]
    polled = [step.status is S.RUNNING and step.answer_by is not None for step in state.steps]
    seen = ["w" if polls else letter for letter, polls in zip(letters(state), polled, strict=True)]
    return state.status, state.paused, "".join(seen).replace("r", "d").replace("c", "u"), doubts, edited


def _may_become(status: SagaStatus) -> set[SagaStatus]:
    """One decision may make three moves, such as pending, running, compensating, compensated."""
    found = {status}
    for _move in range(3):
        found |= {before for before, moves in SAGA_MOVES.items() if moves & found}
    return found


class Books(RuleBasedStateMachine):
    """`saga` is what the orchestrator knows, `world` is what is the case."""

    saga: SagaState
    world: list[Participant]

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOW
        self.turned_back = False
        self.given_up = False

    # -- what is the case ------------------------------------------------------------------------------------------

    def due_times(self) -> list[datetime]:
        return [step.due_at for step in self.saga.steps if step.due_at is not None]

    def note(self, event: CallEvent, hap: Hap) -> None:
        participant, step = self.world[event.step], self.saga.steps[event.step]
        (participant.undo_ends if step.undoing else participant.action_ends)(event, hap)

    def budget(self, step: StepState) -> Budget:
        me = self.world[step.definition.index]
        return me.undo if step.undoing else me.action

    def pivot(self, saga: SagaState | None = None) -> tuple[StepState, Participant] | None:
        pairs = zip((saga or self.saga).steps, self.world, strict=True)
        return next(((step, me) for step, me in pairs if me.is_pivot), None)

    def no_way_back(self, saga: SagaState | None = None) -> bool:
        """The pivot took effect, or may have, or is being asked."""
        if (found := self.pivot(saga)) is None:
            return False
        step, me = found
        asked = step.status in (S.RUNNING, S.WAITING)
        return asked or step.status is S.SUCCEEDED or (me.in_doubt and step.status in (S.DUE, S.FAILED))

    def is_wanted(self, step: StepState) -> bool | None:
        """Whether the step's condition holds; None: it fails."""
        match step.definition.when:
            case None | "input.yes":
                return True
            case "input.no":
                return False
            case "abs(input.text)":
                return None
        return step.definition.stage > 0 and self.world[0].output == {"ok": True}

    # -- what a decision may do --------------------------------------------------------------------------------------

    def land(self, decision: Decision) -> None:
        """Every status that changed did so by legal moves, and the revision grew exactly when it matters."""
        before, after = decision.before, decision.after
        paths = {move.step: move.path for move in decision.moves}
        for index, (old, new) in enumerate(zip(before.steps, after.steps, strict=True)):
            path = paths.get(index, (old.status,))
            assert (path[0], path[-1]) == (old.status, new.status)
            assert all(status in STEP_MOVES[last] for last, status in pairwise(path))
            if new.answer_by is None:
                self.world[index].breaks_its_promise()
            if path[-1] is S.SKIPPED and path[0] is S.DUE and after.status in (G.RUNNING, G.COMPLETED):
                assert self.is_wanted(old) is False, "skipped though it was wanted"
        assert before.status in _may_become(after.status)
        assert decision.changes_revision is (to_operators(before) != to_operators(after))
        if after.status in (G.COMPENSATING, G.COMPENSATED) and before.status is not G.COMPENSATING:
            self.check_turn()
        assert not (self.turned_back and after.status in (G.RUNNING, G.COMPLETED)), "it had turned back"
        self.saga = after

    def check_turn(self) -> None:
        """The saga turns back: never over a pivot that took effect or may have."""
        found = self.pivot()
        assert found is None or not found[1].stands, "turned back though the pivot may have taken effect"
        self.turned_back = True

    def check_call(self, before: SagaState, step: StepState) -> None:
        """A call goes out: at its time, within its budget, in its order, and in one direction."""
        index, stage = step.definition.index, step.definition.stage
        old, me = before.steps[index], self.world[index]
        assert old.due_at is None or old.due_at <= self.now or old.undoing is not step.undoing
        assert not before.paused
        assert before.status in (G.PENDING, G.RUNNING, G.COMPENSATING)
        assert not before.stuck_code
        budget = self.budget(step)
        budget.used += 1
        assert budget.used <= budget.most
        if step.undoing:
            me.undo_called = True
            assert self.turned_back
            assert me.owed_an_undo
            assert all(one.status is not S.RUNNING for one in self.saga.steps), "undone while a call is out"
            newer = [one for one in self.saga.steps if one.definition.stage > stage]
            assert all(self.is_done_with(self.world[one.definition.index]) for one in newer), "undone out of order"
        else:
            assert not self.turned_back
            assert self.now < before.deadline_at or self.no_way_back(before), "begun past the deadline"
            assert step.edited_input is not None or self.is_wanted(step)
            for one in self.saga.steps:
                if one.definition.stage < stage:
                    assert one.status in (S.SUCCEEDED, S.SKIPPED), "called before its turn"
                elif one.definition.stage > stage:
                    assert not self.world[one.definition.index].left_the_worker

    def is_done_with(self, me: Participant) -> bool:
        return me.undone or me.undo_skipped or not me.owed_an_undo

    def check_answer(self, before: SagaState, event: CallEvent) -> None:
        """A refusal is final; a try that failed is repeated exactly while there are tries left."""
        old, new, me = before.steps[event.step], self.saga.steps[event.step], self.world[event.step]
        budget = self.budget(old)
        again = new.status in (S.DUE, S.WAITING) or (old.undoing and new.status is S.COMPENSATION_DUE)
        refused = isinstance(event, events.Refused)
        if not refused and not isinstance(event, RETRIABLE):
            return
        if not old.undoing and before.status is G.COMPENSATING:
            return
        assert again == (not refused and budget.used < budget.most)
        if not again and not before.stuck_code:
            past = (found := self.pivot()) is not None and found[0].status is S.SUCCEEDED
            doubt = me.is_pivot and me.in_doubt
            stays = old.undoing or past or doubt or (not refused and old.definition.hold_when_exhausted)
            assert bool(self.saga.stuck_code) == stays
            assert stays or self.saga.status in (G.COMPENSATING, G.COMPENSATED)

    # -- what must be true -------------------------------------------------------------------------------------------

    @invariant()
    def doubt_is_told(self) -> None:
        for step, participant in zip(self.saga.steps, self.world, strict=True):
            assert step.in_doubt == participant.in_doubt or step.status is S.COMPENSATED

    @invariant()
    def what_succeeded_took_effect(self) -> None:
        for step, me in zip(self.saga.steps, self.world, strict=True):
            if step.status is S.SUCCEEDED and me.kind in ANSWERED:
                assert me.acted
                assert not me.undone
            assert step.status is not S.COMPENSATED or me.undone

    @invariant()
    def somebody_or_something_will_move_it(self) -> None:
        saga = self.saga
        assert bool(saga.stuck_code) == bool(saga.stuck_reason)
        assert bool(saga.stuck_code) == (saga.status is G.STUCK or bool(saga.stuck_code and saga.calls_out()))
        if saga.ended or saga.status is G.STUCK or saga.paused:
            assert saga.status is not G.STUCK or not saga.calls_out()
            assert not saga.ended or not (saga.calls_out() or self.due_times())
            return
        assert saga.calls_out() or any(step.due_at is not None for step in saga.steps)
        assert saga.wake_at(self.now) is not None

    @invariant()
    def who_is_woken_has_something_to_do(self) -> None:
        wake_at = self.saga.wake_at(self.now)
        if wake_at is not None and wake_at <= self.now and not self.saga.calls_out():
            looked = decide(self.saga, events.DeadlinePassed(), self.now).after if self.is_late() else self.saga
            assert begin(looked, self.now).after != self.saga

    def is_late(self) -> bool:
        return self.now >= self.saga.deadline_at

    @invariant()
    def what_stands_is_told(self) -> None:
        if self.saga.ended or self.saga.status is G.STUCK:
            told = open_effects(self.saga)
            for step, me in zip(self.saga.steps, self.world, strict=True):
                assert step.definition.name in told or not me.stands or me.promised

    @invariant()
    def the_end_is_what_it_says(self) -> None:
        if not self.saga.ended:
            return
        if self.saga.status is G.COMPLETED:
            for step, me in zip(self.saga.steps, self.world, strict=True):
                assert step.status in (S.SUCCEEDED, S.SKIPPED)
                assert me.skipped or step.status is S.SUCCEEDED or self.is_wanted(step) is False
            assert not self.turned_back
        if self.saga.status is G.COMPENSATED or not self.given_up:
            for me in self.world if self.turned_back else ():
                self.check_undone(me)
        accepted = any(me.undo_skipped for me in self.world)
        assert (self.saga.status is G.ABANDONED) == (accepted or self.given_up)

    def check_undone(self, me: Participant) -> None:
        owed = me.owed_an_undo and not me.undo_skipped
        assert me.undone or not owed, "an undo that is owed was not done"
        assert not me.undo_called or me.owed_an_undo, "an undo was called that nothing called for"
        assert not me.stands or not owed, "an effect stands, or may still come"
        assert not me.stands or not me.has_undo or me.skipped or me.undo_skipped
