"""Random sagas, answers, callbacks, losses, deadlines and operators' acts, against a model of what is really the case.

What happens stands in `answering` and `people`, what must be true in `books`, what is the case in `world`.
`make prove` plays 10,000 sagas, each time others.
"""

from hypothesis import settings

from orchestration.core import events
from orchestration.core.events import CallEvent, Event
from orchestration.core.foresight import answers_to_come, foreseen_calls
from orchestration.core.states import Direction
from tests.core.answering import G
from tests.core.people import People
from tests.core.world import Hap


class SagaMachine(People):
    """One saga's life. Its end: if all goes well from wherever it stands, and somebody repairs what is stuck, the saga
    ends, with the calls that the preview lists.
    """

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
