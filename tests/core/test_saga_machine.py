"""Random sagas, answers, losses, deadlines and operators' acts, against a model of what is really the case.

`HYPOTHESIS_PROFILE=long pytest tests/core/test_saga_machine.py --hypothesis-seed=1` plays 10,000 sagas.
"""

import os
from collections.abc import Sequence
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from orchestration.core import events
from orchestration.core.decisions import begin, decide
from orchestration.core.definitions import RetryPolicy, StepDefinition
from orchestration.core.draft import NotAllowed
from orchestration.core.events import CallEvent, Event, RetriableEvent
from orchestration.core.foresight import foreseen_calls
from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import Direction, SagaStatus, StepStatus
from tests.core.books import Books
from tests.core.letters import NOW
from tests.core.world import Hap, Participant

G, S = SagaStatus, StepStatus
Retriable = type[RetriableEvent]
SECOND = timedelta(seconds=1)
TIME_LIMIT = 60 * SECOND
QUIET = precondition(lambda self: not self.saga.calls_out())
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
policies = st.sampled_from(
    [RetryPolicy(tries, initial * SECOND, 2, 8 * SECOND) for tries, initial in ((2, 1), (1, 1), (3, 0))]
)


@st.composite
def definitions(draw: st.DrawFn) -> tuple[StepDefinition, ...]:
    return tuple(
        StepDefinition(
            index=index, stage=index, name=f"step-{index}", participant="somebody", action="/do",
            compensation="/undo" if draw(st.integers(0, 3)) else None, retry=draw(policies),
            compensation_retry=draw(policies), hold_when_exhausted=draw(st.booleans()),
            compensate_when_refused=draw(st.booleans()),
        )
        for index in range(draw(st.integers(1, 6)))
    )  # fmt: skip


def launched(steps: Sequence[StepDefinition]) -> SagaState:
    states = tuple(
        StepState(definition, S.DUE, due_at=NOW) if definition.stage == 0 else StepState(definition)
        for definition in steps
    )
    return SagaState(status=G.PENDING, steps=states, deadline_at=NOW + TIME_LIMIT)


class SagaMachine(Books):
    """One saga's life, by rules; what must be true of it stands in `Books`."""

    @initialize(steps=definitions())
    def launch(self, steps: tuple[StepDefinition, ...]) -> None:
        self.saga = launched(steps)
        self.world = [Participant.of(step) for step in self.saga.steps]

    # -- what happens --------------------------------------------------------------------------------------------

    @QUIET
    @rule(waits=st.booleans() | st.just(True))
    def a_drain_looks(self, waits: bool) -> None:
        self.now = max(self.now, min(self.due_times(), default=self.now)) if waits else self.now
        decision = begin(self.saga, self.now)
        for step in decision.after.calls_out():
            self.check_call(step)
        self.land(decision)

    @CALLING
    @rule()
    def the_call_succeeds(self) -> None:
        self.answer(events.Succeeded(self.out()), Hap.EFFECT)

    @CALLING
    @rule(calls=st.integers(1, 6))
    def some_calls_succeed(self, calls: int) -> None:
        for _call in range(calls):
            if self.saga.calls_out() or (not self.saga.paused and self.due_times()):
                self.the_call_succeeds()

    @CALLING
    @rule(for_ever=st.booleans(), sent=st.booleans())
    def the_call_is_refused(self, for_ever: bool, sent: bool) -> None:
        self.answer(events.Refused(self.out(), for_ever=for_ever, sent=sent), Hap.NOTHING)

    @CALLING
    @rule(kind=st.sampled_from([events.TryLater, events.NotSent]), luck=luck, retry_after=retry_after)
    def the_call_must_be_made_later(self, kind: Retriable, luck: float, retry_after: timedelta | None) -> None:
        self.answer(kind(self.out(), luck, retry_after), Hap.NOTHING)

    @CALLING
    @rule(kind=st.sampled_from([events.InDoubt, events.InProgress, events.Accepted]), luck=luck, hap=hap)
    def the_call_is_left_open(self, kind: Retriable, luck: float, hap: Hap) -> None:
        self.answer(kind(self.out(), luck), hap)

    @CALLING
    @rule(blamed=st.booleans(), hap=hap)
    def the_call_is_lost(self, blamed: bool, hap: Hap) -> None:
        self.answer(events.Lost(self.out(), blamed=blamed), hap)

    @CALLING
    @rule(hap=hap)
    def the_participant_has_seen_a_newer_owner(self, hap: Hap) -> None:
        self.answer(events.StaleEpoch(self.out()), hap)

    @CALLING
    @rule()
    def the_participant_has_undone_it(self) -> None:
        self.answer(events.Undone(self.out()), Hap.NOTHING)

    @LIVE
    @rule(step=st.integers(0, 5))
    def a_call_arrives_late(self, step: int) -> None:
        if step < len(self.world) and self.world[step].on_its_way:
            self.world[step].arrives()

    @rule(kind=st.sampled_from(KINDS), step=st.integers(0, 5))
    def an_answer_comes_that_nobody_waits_for(self, kind: type[CallEvent], step: int) -> None:
        if step < len(self.saga.steps) and self.saga.steps[step] not in self.saga.calls_out():
            assert decide(self.saga, kind(step), self.now).after == self.saga

    @LIVE
    @rule(seconds=st.sampled_from([1, 5, 30]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @precondition(lambda self: self.now >= self.saga.deadline_at)
    @rule()
    def the_deadline_passes(self) -> None:
        turns = self.saga.status in (G.PENDING, G.RUNNING)
        self.land(decide(self.saga, events.DeadlinePassed(), self.now))
        assert not turns or self.saga.status in (G.COMPENSATING, G.COMPENSATED)

    @CALLING
    @rule(unlikely=st.integers(0, 2))
    def the_saga_turns_back_while_a_call_is_out(self, unlikely: int) -> None:
        if not unlikely:
            self.out()
            self.act(events.Compensate)
            assert self.saga.status is G.COMPENSATING

    @LIVE
    @BEGUN
    @rule(hap=hap, unlikely=st.integers(0, 3))
    def the_engine_fails_on_it(self, hap: Hap, unlikely: int) -> None:
        if unlikely:
            return
        for step in self.saga.calls_out():
            self.note(events.Lost(step.definition.index), hap)
        self.land(decide(self.saga, events.CannotGoOn("unrecordable"), self.now))
        assert self.saga.status is G.STUCK

    @BEGUN
    @rule()
    def an_operator_retries(self) -> None:
        self.act(events.Retry)

    @BEGUN
    @rule()
    def an_operator_skips(self) -> None:
        self.act(events.Skip)

    @BEGUN
    @rule(kind=st.sampled_from([events.Pause, events.Resume, events.Resume]))
    def an_operator_pauses_or_resumes(self, kind: type[Event]) -> None:
        assert self.act(kind) is not self.saga.ended

    @BEGUN
    @rule(unlikely=st.integers(0, 3))
    def an_operator_compensates(self, unlikely: int) -> None:
        if not unlikely and self.act(events.Compensate):
            assert self.saga.status in (G.COMPENSATING, G.COMPENSATED, G.ABANDONED)

    # -- how it happens ------------------------------------------------------------------------------------------

    def out(self) -> int:
        """The step whose call ends next; a call goes out first where none is."""
        if not self.saga.calls_out():
            self.a_drain_looks(waits=True)
        return self.saga.calls_out()[0].definition.index

    def act(self, kind: type[Event]) -> bool:
        """Whether the act was allowed; one that was not has changed nothing."""
        before = self.saga
        try:
            decision = decide(before, kind(), self.now)
        except NotAllowed:
            return False
        assert not before.ended
        self.note_act(kind, before)
        self.land(decision)
        return True

    def answer(self, event: CallEvent, hap: Hap) -> None:
        before = self.saga
        self.note(event, hap)
        self.land(decide(before, event, self.now))
        self.check_answer(before, event)

    # -- the end: if all goes well from here, the saga ends, with the calls that the preview lists ---------------

    def teardown(self) -> None:
        if hasattr(self, "saga") and not self.saga.ended and self.repaired():
            foreseen = foreseen_calls(self.saga, self.now)
            assert self.played_to_the_end() == foreseen
            self.doubt_is_told()
            self.the_end_is_what_it_says()

    def repaired(self) -> bool:
        """Do what an operator would; False where only `resolve` can help, which is for later."""
        if self.saga.paused:
            self.act(events.Resume)
        for act in (events.Retry, events.Skip):
            if self.saga.status is G.STUCK:
                self.act(act)
        stuck = [step for step in self.saga.steps if step.never_undoable and step.in_doubt]
        assert self.saga.status is not G.STUCK or stuck
        return self.saga.status is not G.STUCK

    def played_to_the_end(self) -> list[tuple[int, Direction]]:
        calls: list[tuple[int, Direction]] = []
        if self.now >= self.saga.deadline_at:
            self.the_deadline_passes()
        for _turn in range(50):
            if self.saga.ended:
                break
            while self.saga.calls_out():
                self.the_call_succeeds()
            self.a_drain_looks(waits=True)
            calls += [(step.definition.index, step.direction) for step in self.saga.calls_out()]
        assert self.saga.ended
        return calls


PROFILES = {
    "default": settings(max_examples=250, stateful_step_count=40),
    "long": settings(max_examples=10_000, stateful_step_count=60),
}
TestSagas = SagaMachine.TestCase
TestSagas.settings = settings(
    PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "default")],
    deadline=None,
    print_blob=True,
)
