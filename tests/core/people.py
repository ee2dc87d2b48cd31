"""What operators, and the engine itself, do to a random saga."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from orchestration.core import events
from orchestration.core.decisions import decide
from orchestration.core.draft import NotAllowed
from orchestration.core.events import Event
from orchestration.core.restart import successor
from orchestration.core.saga_state import StepState
from orchestration.core.states import StepKind
from tests.core.answering import CALLING, LIVE, Answering, G, S, hap, output, which
from tests.core.random_sagas import TIME_LIMIT
from tests.core.world import Hap, Participant

BEGUN = precondition(lambda self: self.saga.status is not G.PENDING)
seldom = st.integers(0, 3).map(lambda number: number == 0)


class People(Answering):
    """Every act, at any time."""

    @CALLING
    @rule(which=which, unlikely=seldom)
    def the_saga_turns_back_while_a_call_is_out(self, which: int, unlikely: bool) -> None:
        if unlikely and self.out(which) is not None:
            self.an_operator_compensates(unlikely)

    @BEGUN
    @rule(unlikely=seldom)
    def an_operator_compensates(self, unlikely: bool) -> None:
        if unlikely:
            barred = self.no_way_back()
            if self.act(events.Compensate()):
                assert self.saga.status in (G.COMPENSATING, G.COMPENSATED, G.ABANDONED)
                assert not barred

    @LIVE
    @BEGUN
    @rule(hap=hap, unlikely=seldom)
    def the_engine_fails_on_it(self, hap: Hap, unlikely: bool) -> None:
        if not unlikely:
            return
        for step in self.saga.calls_out():
            self.note(events.Lost(step.definition.index), hap)
        going_back = self.saga.status is G.COMPENSATING
        self.land(decide(self.saga, events.CannotGoOn("unrecordable"), self.now))
        assert self.saga.status is G.STUCK or (going_back and self.saga.ended)

    @BEGUN
    @rule(step=st.none() | st.integers(0, 7))
    def an_operator_retries(self, step: int | None) -> None:
        self.act(events.Retry(step))

    @BEGUN
    @rule(step=st.none() | st.integers(0, 7))
    def an_operator_edits_and_retries(self, step: int | None) -> None:
        doubts = [me.in_doubt or me.promised for me in self.world]
        before = self.saga
        if self.act(events.EditAndRetry(step, {"edited": True})):
            edited = [new is not old for old, new in zip(before.steps, self.saga.steps, strict=True)]
            assert not any(was and doubt for was, doubt in zip(edited, doubts, strict=True))

    @BEGUN
    @rule(step=st.none() | st.integers(0, 7))
    def an_operator_skips(self, step: int | None) -> None:
        before = self.saga
        if not self.act(events.Skip(step)):
            return
        for old, new, me in zip(before.steps, self.saga.steps, self.world, strict=True):
            if old.status is S.COMPENSATION_FAILED and new.status is S.SKIPPED:
                assert not me.in_doubt
                me.undo_skipped = True
            elif old.status is S.FAILED and new.status is S.SKIPPED:
                assert not me.in_doubt
                assert not me.stands
                me.skipped = True

    @BEGUN
    @rule(which=which, output=output)
    def an_operator_resolves(self, which: int, output: Any) -> None:
        doubtful = [step for step in self.failed() if step.in_doubt]
        if self.saga.status is not G.STUCK or not doubtful:
            assert not self.act(events.Resolve())
            return
        step = doubtful[which % len(doubtful)]
        self.resolve(step, output)

    @BEGUN
    @rule(step=st.none() | st.integers(0, 7), approved=st.booleans() | st.just(True), output=output)
    def a_person_decides(self, step: int | None, approved: bool, output: Any) -> None:
        before = self.saga
        if not self.act(events.Approve(step, approved, output)):
            return
        for old, new, me in zip(before.steps, self.saga.steps, self.world, strict=True):
            if old.status is S.WAITING and me.kind is StepKind.APPROVAL and new.status in (S.SUCCEEDED, S.FAILED):
                assert (new.status is S.SUCCEEDED) == approved
                assert old.due_at is not None
                assert self.now < old.due_at
                me.output = output

    @BEGUN
    @rule(unlikely=st.integers(0, 5))
    def its_own_parent_goes_back(self, unlikely: int) -> None:
        """As one step of another saga it is undone as one, also after its end."""
        before, barred = self.saga, self.no_way_back()
        if unlikely:
            return
        try:
            decision = decide(before, events.ParentGoesBack(), self.now)
        except NotAllowed:
            assert barred
            assert self.saga is before
            return
        assert not barred or before.status in (G.COMPENSATING, G.COMPENSATED, G.ABANDONED) or self.turned_back
        self.land(decision)
        assert self.saga.status is before.status or self.saga.status in (G.COMPENSATING, G.COMPENSATED, G.ABANDONED)

    @BEGUN
    @rule(kind=st.sampled_from([events.Pause, events.Resume, events.Resume]))
    def an_operator_pauses_or_resumes(self, kind: type[Event]) -> None:
        assert self.act(kind()) is not self.saga.ended

    @BEGUN
    @rule(unlikely=st.integers(0, 7), hap=hap)
    def an_operator_abandons(self, unlikely: int, hap: Hap) -> None:
        if unlikely or not (self.saga.paused or self.saga.status is G.STUCK) or self.saga.ended:
            return
        for step in self.saga.calls_out():
            self.note(events.Lost(step.definition.index), hap)
        self.given_up = True
        assert self.act(events.Abandon())

    @BEGUN
    @rule(step=st.none() | st.integers(0, 7), minutes=st.integers(1, 3))
    def an_operator_restarts(self, step: int | None, minutes: int) -> None:
        """The participants of kept steps are the same; those of the others have never heard of the new saga."""
        before, event = self.saga, events.RestartFrom(step)
        if not self.act(event):
            return
        assert self.saga.status is G.ABANDONED
        deadline_at = self.now + minutes * TIME_LIMIT
        self.saga = successor(before, event, origin="somebody", now=self.now, deadline_at=deadline_at).decision().after
        for index, (step_now, me) in enumerate(zip(self.saga.steps, self.world, strict=True)):
            if step_now.origin_saga_id is None:
                assert not me.stands, "an effect is left behind"
                assert not me.in_doubt
                self.world[index] = Participant.of(step_now)
            else:
                me.undo.used = 0

    # -- how it happens ------------------------------------------------------------------------------------------

    def act(self, event: Event) -> bool:
        """Whether the act was allowed; one that was not has changed nothing. A fresh start gives all tries back."""
        before = self.saga
        try:
            decision = decide(before, event, self.now)
        except NotAllowed:
            return False
        assert not before.ended
        for old, new in zip(before.steps, decision.after.steps, strict=True):
            afresh = old.undoing is new.undoing and new.tries == 0 and new.due_at == self.now
            if afresh and isinstance(event, events.Retry | events.EditAndRetry | events.Compensate):
                self.budget(old).used = 0
                if old.definition.kind is StepKind.SAGA and old.status is S.FAILED and not old.in_doubt:
                    self.world[old.definition.index].begins_anew()
        self.land(decision)
        return True

    def failed(self) -> list[StepState]:
        undos = [step for step in self.saga.steps if step.status is S.COMPENSATION_FAILED]
        return undos or [step for step in self.saga.steps if step.status is S.FAILED]

    def resolve(self, step: StepState, output: Any = None) -> None:
        """An operator looks at the participant, where what was on its way has arrived by then, and says what is."""
        index, me = step.definition.index, self.world[step.definition.index]
        if me.on_its_way:
            me.arrives()
        applied = me.undone if step.undoing else me.acted and not me.undone
        me.in_doubt = False
        if applied and not step.undoing:
            me.output = output
        assert self.act(events.Resolve(index, applied, output))
