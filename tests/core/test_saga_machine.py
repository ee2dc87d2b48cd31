"""Random sagas, answers, callbacks, losses, deadlines and operators' acts, against a model of what is really the case.

`make prove` plays 10,000 sagas, each time others.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from orchestration.core import events
from orchestration.core.decisions import begin, decide
from orchestration.core.definitions import StepDefinition
from orchestration.core.draft import NotAllowed
from orchestration.core.events import CallEvent, Event, RetriableEvent
from orchestration.core.foresight import answers_to_come, foreseen_calls
from orchestration.core.saga_state import StepState
from orchestration.core.states import OUT, Direction, SagaStatus, StepKind, StepStatus
from tests.core.books import Books
from tests.core.random_sagas import SECOND, definitions, launched
from tests.core.world import Hap, Participant

G, S = SagaStatus, StepStatus
Retriable = type[RetriableEvent]
CALLING = precondition(lambda self: self.saga.calls_out() or (not self.saga.paused and self.due_times()))
BEGUN = precondition(lambda self: self.saga.status is not G.PENDING)
LIVE = precondition(lambda self: not self.saga.ended)
KINDS = [
    events.Succeeded, events.Refused, events.Undone, events.StaleEpoch, events.Lost, events.InDoubt, events.TryLater,
    events.NotSent, events.InProgress, events.Accepted,
]  # fmt: skip

hap = st.sampled_from(Hap)
luck = st.sampled_from([0.0, 0.5, 1.0])
retry_after = st.sampled_from([None, None, 0 * SECOND, 5 * SECOND, 7200 * SECOND])
which = st.integers(0, 2)
output = st.sampled_from([None, {"ok": True}, {"ok": False}])
seldom = st.integers(0, 3).map(lambda number: number == 0)


class SagaMachine(Books):
    """One saga's life, by rules; what must be true of it stands in `Books`."""

    @initialize(steps=definitions())
    def launch(self, steps: tuple[StepDefinition, ...]) -> None:
        self.saga = launched(steps)
        self.world = [Participant.of(step) for step in self.saga.steps]

    # -- time, and the drains ------------------------------------------------------------------------------------

    @rule(waits=st.booleans() | st.just(True))
    def a_drain_looks(self, waits: bool) -> None:
        before = self.saga
        self.now = max(self.now, min(self.due_times(), default=self.now)) if waits else self.now
        decision = begin(before, self.now)
        for old, new in zip(before.steps, decision.after.steps, strict=True):
            # The try whose answer was promised and did not come is spent, and with it the polls that did not count.
            if old.answer_by is not None and new.answer_by is None:
                self.budget(old).used += 1
        self.land(decision)
        for old, new in zip(before.steps, decision.after.steps, strict=True):
            if new.status in OUT and old.status is not new.status:
                self.check_call(before, new)

    @LIVE
    @rule(seconds=st.sampled_from([1, 5, 30]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @precondition(lambda self: self.is_late())
    @rule()
    def the_deadline_passes(self) -> None:
        forward = self.saga.status in (G.PENDING, G.RUNNING) and not self.saga.stuck_code
        turns = forward and not self.no_way_back()
        self.land(decide(self.saga, events.DeadlinePassed(), self.now))
        assert turns == (forward and self.saga.status not in (G.PENDING, G.RUNNING))
        assert self.saga.overdue or not forward

    # -- answers -------------------------------------------------------------------------------------------------

    @CALLING
    @rule(which=which, output=output)
    def the_call_succeeds(self, which: int, output: Any) -> None:
        self.answer(lambda step: events.Succeeded(step, output), Hap.EFFECT, which)

    @CALLING
    @rule(calls=st.integers(1, 6))
    def some_calls_succeed(self, calls: int) -> None:
        for _call in range(calls):
            self.the_call_succeeds(which=0, output={"ok": True})

    @CALLING
    @rule(which=which, for_ever=st.booleans(), sent=st.booleans())
    def the_call_is_refused(self, which: int, for_ever: bool, sent: bool) -> None:
        self.answer(lambda step: events.Refused(step, for_ever=for_ever and sent, sent=sent), Hap.NOTHING, which)

    @CALLING
    @rule(
        which=which,
        kind=st.sampled_from([events.TryLater, events.NotSent]),
        luck=luck,
        retry_after=retry_after,
    )
    def the_call_must_be_made_later(
        self, which: int, kind: Retriable, luck: float, retry_after: timedelta | None
    ) -> None:
        self.answer(lambda step: kind(step, luck, retry_after), Hap.NOTHING, which)

    @CALLING
    @rule(which=which, kind=st.sampled_from([events.InDoubt, events.InProgress]), luck=luck, hap=hap)
    def the_call_is_left_open(self, which: int, kind: Retriable, luck: float, hap: Hap) -> None:
        self.answer(lambda step: kind(step, luck), hap, which)

    @CALLING
    @rule(which=which, luck=luck, hap=hap, askable=st.booleans(), retry_after=retry_after)
    def the_call_is_accepted(
        self, which: int, luck: float, hap: Hap, askable: bool, retry_after: timedelta | None
    ) -> None:
        self.answer(lambda step: events.Accepted(step, luck, retry_after, askable=askable), hap, which)

    @CALLING
    @rule(which=which, blamed=st.booleans(), hap=hap)
    def the_call_is_lost(self, which: int, blamed: bool, hap: Hap) -> None:
        self.answer(lambda step: events.Lost(step, blamed=blamed), hap, which)

    @CALLING
    @rule(which=which, hap=hap)
    def the_participant_has_seen_a_newer_owner(self, which: int, hap: Hap) -> None:
        self.answer(events.StaleEpoch, hap, which)

    @CALLING
    @rule(which=which)
    def the_participant_has_undone_it(self, which: int) -> None:
        self.answer(events.Undone, Hap.NOTHING, which)

    @LIVE
    @rule(step=st.integers(0, 7))
    def a_call_arrives_late(self, step: int) -> None:
        if step < len(self.world) and self.world[step].on_its_way:
            self.world[step].arrives()

    @rule(step=st.integers(0, 7), direction=st.sampled_from(Direction), refuses=st.booleans(), output=output)
    def a_participant_calls_back(self, step: int, direction: Direction, refuses: bool, output: Any) -> None:
        """Early, in time, late, or once more: it is taken exactly while a try of that direction has no answer."""
        if step >= len(self.world) or self.world[step].kind is not StepKind.CALL:
            return
        before, old, me = self.saga, self.saga.steps[step], self.world[step]
        took_effect = me.undone if direction is Direction.COMPENSATION else me.stands
        answer = events.Refused(step) if refuses and not took_effect else events.Succeeded(step, output)
        decision = decide(before, events.CalledBack(step, direction, answer), self.now)
        waited_for = old.status in (S.RUNNING, S.WAITING, S.COMPENSATING)
        between_tries = old.status in (S.DUE, S.COMPENSATION_DUE) and old.attempt > 0
        taken = not before.ended and old.direction is direction and (waited_for or between_tries)
        assert bool(decision.moves) is taken
        if not taken:
            assert decision.after == before
            return
        self.note(answer, Hap.EFFECT)
        self.land(decision)
        if before.status is G.STUCK:
            assert self.saga.status is G.STUCK
        else:
            self.check_answer(before, answer)

    @rule(kind=st.sampled_from(KINDS), step=st.integers(0, 7))
    def an_answer_comes_that_nobody_waits_for(self, kind: type[CallEvent], step: int) -> None:
        if step < len(self.saga.steps) and self.saga.steps[step].status not in OUT:
            assert decide(self.saga, kind(step), self.now).after == self.saga

    # -- people, and the engine itself ---------------------------------------------------------------------------

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

    # -- how it happens ------------------------------------------------------------------------------------------

    def out(self, which: int = 0) -> int | None:
        """The step whose call ends next; a call goes out first where none is. None: nothing is to be called now."""
        if not self.saga.calls_out():
            self.a_drain_looks(waits=True)
        calls = self.saga.calls_out()
        return calls[which % len(calls)].definition.index if calls else None

    def answer(self, make: Callable[[int], CallEvent], hap: Hap, which: int) -> None:
        """A participant that has promised an answer and did the work does not refuse it, nor undo it by itself."""
        step = self.out(which)
        if step is None:
            return
        event, me = make(step), self.world[step]
        if me.promised and me.stands and isinstance(event, events.Refused):
            event, hap = events.Succeeded(step), Hap.EFFECT
        self.answered(event, hap)

    def answered(self, event: CallEvent, hap: Hap) -> None:
        before = self.saga
        self.note(event, hap)
        self.land(decide(before, event, self.now))
        self.check_answer(before, event)

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

    # -- the end: if all goes well from here, and somebody repairs what is stuck, the saga ends, with the calls that
    # -- the preview lists

    def teardown(self) -> None:
        if not hasattr(self, "saga"):
            return
        tried: set[int] = set()
        for _repair in range(40):
            if self.saga.ended:
                break
            self.repair(tried)
            foreseen = foreseen_calls(self.saga, self.now)
            assert self.played_on() == foreseen
            assert self.saga.ended or self.saga.status is G.STUCK
        assert self.saga.ended
        self.doubt_is_told()
        self.what_stands_is_told()
        self.the_end_is_what_it_says()

    def repair(self, tried: set[int]) -> None:
        """Do what an operator would: find out, then retry, and where that does not help, skip."""
        if self.saga.paused:
            self.act(events.Resume())
        if self.saga.status is not G.STUCK:
            return
        step = self.failed()[0]
        index = step.definition.index
        if step.in_doubt:
            self.resolve(step)
        if self.saga.status is G.STUCK and self.saga.steps[index].status is step.status:
            if index in tried or not self.act(events.Retry(index)):
                self.an_operator_skips(index)
            tried.add(index)

    def played_on(self) -> list[tuple[int, Direction]]:
        calls: list[tuple[int, Direction]] = []
        if self.is_late():
            self.the_deadline_passes()
        for _turn in range(60):
            before = self.saga
            for event in answers_to_come(self.saga, self.now):
                self.goes_well(event)
            started = {step.definition.index for step in self.saga.calls_out()}
            self.a_drain_looks(waits=True)
            calls += [
                (step.definition.index, step.direction)
                for step in self.saga.calls_out()
                if step.definition.index not in started
            ]
            if self.saga == before:
                break
        return calls

    def goes_well(self, event: Event) -> None:
        match event:
            case CallEvent():
                self.answered(event, Hap.EFFECT)
            case events.CalledBack(step=step, direction=direction):
                self.a_participant_calls_back(step, direction, refuses=False, output=None)
            case events.Approve(step=step):
                self.a_person_decides(step, approved=True, output=None)


TestSagas = SagaMachine.TestCase
TestSagas.settings = settings(max_examples=300, stateful_step_count=40, deadline=None, print_blob=True)
