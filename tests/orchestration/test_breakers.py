"""The circuit breaker: a participant that fails is left in peace, and those who need it wait without losing a try."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now

from orchestration.core import breaker
from orchestration.drain.breakers import failed
from orchestration.drain.catalogue import Catalogue
from orchestration.drain.clock import DatabaseClock
from orchestration.drain.connections import connect
from orchestration.drain.lease import Lease
from orchestration.drain.slots import Slots
from orchestration.models import Flow, Participant, Saga, Step
from orchestration.participants.messages import Answer, Command, Outcome, problem
from tests.orchestration.scripted import NOTHING, World, again, define, drain_until, outcomes, run_until_quiet, start

LINE = "participant:scripted"


def the_circuit() -> Flow:
    return Flow.objects.get(participant="scripted")


@pytest.fixture
def dead(engine: World) -> World:
    """The participant of eleven sagas has failed ten times in a row."""
    patient = {"max_attempts": 3, "initial": 60, "factor": 1, "max": 60}
    name = define({"name": "one", "retry": patient})
    engine.will("one", *[NOTHING] * 50)
    for _number in range(11):
        start(name)
    drain_until(lambda: the_circuit().is_open)
    Saga.objects.update(due_at=Now())
    Step.objects.update(due_at=Now())
    engine.calls.clear()
    return engine


def all_parked() -> bool:
    return not Saga.objects.live().filter(parked_on=None).exists()


def probe_now(dead: World) -> None:
    """One probe, and until all are parked again. Who was due before is due before who is made so here."""
    calls = len(dead.calls)
    Flow.objects.update(probe_at=Now())
    drain_until(lambda: len(dead.calls) > calls and Saga.objects.filter(drain_id=None).exists())
    Step.objects.filter(due_at__gt=Now()).update(due_at=Now())
    Saga.objects.live().filter(due_at__gt=Now()).update(due_at=Now())


def test_a_participant_that_fails_ten_times_in_a_row_is_called_no_more(dead: World) -> None:
    drain_until(all_parked)
    assert dead.calls == []
    assert set(Saga.objects.values_list("parked_on", flat=True)) == {LINE}
    assert "nobody knows" in the_circuit().last_error


def test_who_does_not_need_it_goes_on(dead: World) -> None:
    Participant.objects.create(name="healthy", transport="function")
    saga = start(define({"name": "two", "participant": "healthy"}, name="other"))
    run_until_quiet()
    assert (again(saga).status, dead.calls) == ("completed", ["two"])


def test_new_sagas_that_need_it_are_parked_and_use_no_try(dead: World) -> None:
    saga = start(define("one", name="other"))
    drain_until(all_parked)
    assert (again(saga).status, saga.parked_on) == ("pending", LINE)
    assert (outcomes(saga), saga.steps.get().tries) == ([], 0)


def test_one_probe_goes_out_when_its_time_has_come_and_uses_no_try(dead: World) -> None:
    before = dict(Step.objects.values_list("saga_id", "tries"))
    drain_until(all_parked)
    probe_now(dead)
    drain_until(all_parked)
    assert dead.calls == ["one"]
    assert dict(Step.objects.values_list("saga_id", "tries")) == before
    circuit = the_circuit()
    assert circuit.is_open
    assert circuit.probe_at is not None
    assert circuit.probe_at - circuit.changed_at > breaker.PROBE_EVERY  # type: ignore[operator]  # it is open


def test_each_probe_is_made_for_another_saga(dead: World) -> None:
    drain_until(all_parked)
    for _number in range(3):
        probe_now(dead)
    assert len(dead.calls) == 3
    assert len({command.saga_id for command in dead.commands[-3:]}) == 3


def test_an_answer_closes_the_circuit_and_everybody_goes_on(dead: World) -> None:
    drain_until(all_parked)
    dead.script.clear()
    probe_now(dead)
    assert not the_circuit().is_open
    Flow.objects.update(changed_at=F("changed_at") - timedelta(minutes=1))  # the slow start is over
    drain_until(lambda: not Saga.objects.live().exists())
    assert set(Saga.objects.values_list("status", flat=True)) == {"completed"}
    assert set(Step.objects.values_list("tries", flat=True)) <= {1, 2}


def test_after_an_outage_the_first_second_has_one_call_at_a_time(dead: World) -> None:
    drain_until(all_parked)
    out: list[int] = []
    most: list[int] = []

    async def alone(_command: Command) -> dict[str, Any]:
        out.append(1)
        most.append(len(out))
        for _turn in range(20):
            await asyncio.sleep(0)
        out.pop()
        return {}

    dead.script.clear()
    dead.will("one", *[alone] * 20)
    probe_now(dead)
    Flow.objects.update(changed_at=Now() + timedelta(seconds=60))  # as long as the test lasts
    drain_until(lambda: len(most) > 3)
    assert set(most) == {1}


def test_a_refusal_is_an_answer_and_opens_nothing(engine: World) -> None:
    from tests.orchestration.scripted import no  # noqa: PLC0415  beside the one story that needs it

    name = define("one")
    engine.will("one", *[no()] * 30)
    for _number in range(30):
        start(name)
    run_until_quiet()
    assert not the_circuit().is_open


def test_one_saga_that_always_fails_opens_nothing(engine: World) -> None:
    name = define({"name": "one", "retry": {"max_attempts": 30, "initial": 0, "factor": 1, "max": 0}})
    engine.will("one", *[NOTHING] * 29)
    saga = start(name)
    run_until_quiet()
    assert (again(saga).status, the_circuit().is_open) == ("completed", False)


def test_of_many_drains_that_would_try_one_may(dead: World) -> None:
    """The probe is won by compare-and-set."""
    Flow.objects.update(probe_at=Now())

    async def race() -> list[bool]:
        async with await connect("test") as connection:
            racers = []
            for _number in range(8):
                lease, catalogue = Lease(), Catalogue()
                await lease.begin(connection)
                await catalogue.follow(None, connection)
                racers.append(Slots(lease.id, catalogue, DatabaseClock()))
            try:
                return await asyncio.gather(*(slots.win_probe("scripted", 5.0) for slots in racers))
            finally:
                for slots in racers:
                    await slots.leave()
                    await slots.close()

    assert sorted(asyncio.run(race())) == [False] * 7 + [True]


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        pytest.param(Answer(Outcome.SUCCEEDED), False, id="done"),
        pytest.param(Answer(Outcome.REFUSED, error=problem("no", "no", status=422)), False, id="refused"),
        pytest.param(Answer(Outcome.TRY_LATER, error=problem("busy", "busy", status=429)), False, id="429"),
        pytest.param(Answer(Outcome.TRY_LATER, error=problem("down", "down", status=503)), True, id="503"),
        pytest.param(Answer(Outcome.IN_DOUBT, error=problem("late", "timeout")), True, id="timeout"),
        pytest.param(Answer(Outcome.NOT_SENT, error=problem("refused", "not_sent")), True, id="connect refused"),
        pytest.param(Answer(Outcome.NOT_SENT, error=problem("not allowed", "host")), None, id="our own fault"),
        pytest.param(Answer(Outcome.REFUSED, sent=False), None, id="never made"),
    ],
)
def test_what_an_answer_says_of_the_participant(answer: Answer, verdict: bool | None) -> None:
    assert failed(answer) is verdict
