"""What participants, drains and time do to a random saga."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from orchestration.core import events
from orchestration.core.decisions import begin, decide
from orchestration.core.definitions import StepDefinition
from orchestration.core.events import CallEvent, RetriableEvent
from orchestration.core.saga_state import Stuck
from orchestration.core.states import ANSWERED, OUT, Direction, SagaStatus, StepKind, StepStatus
from tests.core.books import Books
from tests.core.random_sagas import SECOND, definitions, launched
from tests.core.world import Hap, Participant

G, S = SagaStatus, StepStatus
Retriable = type[RetriableEvent]
CALLING = precondition(lambda self: self.saga.calls_out() or (not self.saga.paused and self.due_times()))
LIVE = precondition(lambda self: not self.saga.ended)
KINDS = [
    events.Succeeded, events.Refused, events.Undone, events.StaleEpoch, events.Lost, events.InDoubt, events.TryLater,
    events.NotSent, events.InProgress, events.Accepted, events.GivenUp,
]  # fmt: skip

hap = st.sampled_from(Hap)
luck = st.sampled_from([0.0, 0.5, 1.0])
retry_after = st.sampled_from([None, None, 0 * SECOND, 5 * SECOND, 7200 * SECOND])
which = st.integers(0, 2)
output = st.sampled_from([None, {"ok": True}, {"ok": False}])


class Answering(Books):
    """The rules without anybody's help."""

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
        if step >= len(self.world) or self.world[step].kind not in ANSWERED:
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

    @rule(step=st.integers(0, 7), direction=st.sampled_from(Direction), given_up=st.booleans(), hap=hap)
    def a_sub_saga_ends_badly(self, step: int, direction: Direction, given_up: bool, hap: Hap) -> None:
        """It has gone back by itself, or a person has abandoned it: then some of it may stand."""
        if step >= len(self.world) or self.world[step].kind is not StepKind.SAGA:
            return
        before, answer = self.saga, events.GivenUp(step, "abandoned") if given_up else events.Undone(step)
        decision = decide(before, events.CalledBack(step, direction, answer), self.now)
        if decision.after == before:
            return
        self.note(answer, hap)
        self.land(decision)
        if given_up and before.status in (G.PENDING, G.RUNNING) and not before.stuck_code:
            assert self.saga.stuck_code == Stuck.SUB_SAGA_ABANDONED

    @CALLING
    @rule(which=which, hap=hap)
    def a_sub_saga_turns_out_to_be_given_up(self, which: int, hap: Hap) -> None:
        step = self.out(which)
        if step is not None and self.world[step].kind is StepKind.SAGA:
            self.answered(events.GivenUp(step, "abandoned"), hap)

    @rule(kind=st.sampled_from(KINDS), step=st.integers(0, 7))
    def an_answer_comes_that_nobody_waits_for(self, kind: type[CallEvent], step: int) -> None:
        if step < len(self.saga.steps) and self.saga.steps[step].status not in OUT:
            assert decide(self.saga, kind(step), self.now).after == self.saga

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
