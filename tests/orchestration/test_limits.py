"""Limits over all workers: calls to one participant, and sagas of one definition in flight."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from orchestration.models import Flow, Grant, Participant, Saga, Step
from orchestration.participants.messages import Command
from orchestration.sweep import sweep
from tests.orchestration.busy_service import Busy, busy_service
from tests.orchestration.real_processes import Processes, children_of, wait_for
from tests.orchestration.scripted import (
    World,
    act,
    again,
    define,
    drain_until,
    no,
    run_until_quiet,
    start,
    steps_of,
)

WORKERS = 4


class Crowd:
    """How many scripted calls are out at once. Each gives others the time to come."""

    def __init__(self, engine: World) -> None:
        self.out = self.most = 0
        self._engine = engine

    def expect(self, step: str, number: int) -> None:
        self._engine.will(step, *[self.call] * number)

    async def call(self, _command: Command) -> dict[str, Any]:
        self.out += 1
        self.most = max(self.most, self.out)
        for _turn in range(20):
            await asyncio.sleep(0)
        self.out -= 1
        return {}


def run_to_the_end() -> None:
    drain_until(lambda: not Saga.objects.live().exists())


def limit(number: int, name: str = "scripted") -> None:
    Participant.objects.filter(name=name).update(max_in_flight=number)


def granted() -> dict[str, int]:
    return dict(Flow.objects.values_list("participant", "granted"))


# -- calls to one participant --------------------------------------------------------------------------------------


def test_no_more_calls_are_out_than_the_participant_takes(engine: World) -> None:
    name = define("one", "two")
    limit(2)
    crowd = Crowd(engine)
    crowd.expect("one", 9)
    crowd.expect("two", 9)
    sagas = [start(name) for _number in range(9)]
    run_to_the_end()
    assert {again(saga).status for saga in sagas} == {"completed"}
    assert crowd.most == 2
    assert granted() == {"scripted": 0}


def test_a_call_that_is_not_made_opens_no_attempt_and_uses_no_try(engine: World) -> None:
    name = define({"parallel": ["one", "two", "three"]})
    limit(1)
    saga = start(name)
    run_to_the_end()
    assert again(saga).status == "completed"
    assert list(saga.steps.values_list("tries", "action_attempts")) == [(1, 1)] * 3
    assert saga.attempts.count() == 3


def test_who_waits_for_a_slot_is_parked_and_says_so(engine: World) -> None:
    name = define("one")
    limit(1)
    sagas = [start(name) for _number in range(3)]
    seen: list[Any] = []

    async def look(_command: Command) -> dict[str, Any]:
        seen.append(await asyncio.to_thread(lambda: _closing(_parked)))
        return {}

    engine.will("one", look)
    run_to_the_end()
    assert seen == [["participant:scripted", "participant:scripted"]]
    assert {again(saga).status for saga in sagas} == {"completed"}


def _parked() -> list[str]:
    return [saga.parked_on or "" for saga in Saga.objects.exclude(parked_on=None)]


def _closing(look: Any) -> Any:
    try:
        return look()
    finally:
        connection.close()


def test_undos_go_before_actions_and_begun_sagas_before_new_ones(engine: World) -> None:
    name = define("one", "two")
    Participant.objects.update(paused=True)
    new, begun, undoing = (start(name) for _number in range(3))
    Participant.objects.update(paused=False, max_in_flight=1)
    Saga.objects.filter(pk=new.pk).update(parked_on="participant:scripted")
    for saga, status, steps in ((begun, "running", "due"), (undoing, "compensating", "compensation_due")):
        Saga.objects.filter(pk=saga.pk).update(
            parked_on="participant:scripted", status=status, started_at=saga.created_at
        )
        Step.objects.filter(saga=saga, position=0).update(status=steps, sent=True, action_attempts=1)
    Step.objects.filter(saga=undoing, position=1).update(status="skipped")
    run_to_the_end()
    first = [str(command.saga_id) for command in engine.commands]
    assert sorted(set(first), key=first.index) == [str(saga.pk) for saga in (undoing, begun, new)]
    assert {again(saga).status for saga in (new, begun, undoing)} == {"completed", "compensated"}


def test_a_limit_that_was_lowered_holds_from_the_next_call_on(engine: World) -> None:
    name = define("one", "two")
    crowd = Crowd(engine)

    async def lower(_command: Command) -> dict[str, Any]:
        await asyncio.to_thread(lambda: _closing(lambda: limit(1)))
        return {}

    engine.will("one", lower)
    first = start(name)
    drain_until(lambda: again(first).status == "completed")
    for _number in range(5):
        start(name)
    crowd.expect("one", 5)
    crowd.expect("two", 5)
    run_to_the_end()
    assert (again(first).status, crowd.most) == ("completed", 1)
    assert set(Saga.objects.values_list("status", flat=True)) == {"completed"}


def test_one_paused_participant_holds_up_no_sibling(engine: World) -> None:
    Participant.objects.create(name="away", transport="function", paused=True)
    saga = start(define({"parallel": [{"name": "one", "participant": "away"}, "two"]}, "three"))
    run_until_quiet()
    assert (again(saga).status, saga.parked_on) == ("running", "participant:away")
    assert (steps_of(saga), engine.calls) == ({"one": "due", "two": "succeeded", "three": "pending"}, ["two"])
    Participant.objects.update(paused=False)
    run_until_quiet()
    assert (again(saga).status, engine.calls) == ("completed", ["two", "one", "three"])


def test_what_waits_for_one_participant_still_makes_its_calls_to_another(engine: World) -> None:
    """The sibling's next try comes due while the saga is parked."""
    Participant.objects.create(name="away", transport="function", paused=True)
    engine.will("two", RuntimeError("nobody knows"))
    patient = {"max_attempts": 3, "initial": 60, "factor": 1, "max": 60}
    saga = start(define({"parallel": [{"name": "one", "participant": "away"}, {"name": "two", "retry": patient}]}))
    run_until_quiet()
    assert (again(saga).parked_on, steps_of(saga)["two"]) == ("participant:away", "due")
    Step.objects.filter(saga=saga, name="two").update(due_at=saga.created_at)
    assert sweep().unparked == 1
    run_until_quiet()
    assert (steps_of(saga)["two"], again(saga).parked_on, sweep().unparked) == ("succeeded", "participant:away", 0)


def test_the_slots_of_a_drain_that_is_gone_come_back(engine: World) -> None:
    define("one")
    limit(3)
    with connection.cursor() as cursor:
        cursor.execute("""INSERT INTO orchestration_grant (drain_id, participant, granted, longest)
                          VALUES (gen_random_uuid(), 'scripted', 3, 0)""")
    Flow.objects.update(granted=3)
    saga = start()
    sweep()
    sweep()
    assert (granted(), Grant.objects.count()) == ({"scripted": 0}, 0)
    run_until_quiet()
    assert again(saga).status == "completed"


def test_calls_of_a_dead_drain_keep_their_slots_while_they_may_be_worked_on(engine: World) -> None:
    define("one")
    limit(3)
    with connection.cursor() as cursor:
        cursor.execute("""INSERT INTO orchestration_grant (drain_id, participant, granted, longest)
                          VALUES (gen_random_uuid(), 'scripted', 3, 3600)""")
    Flow.objects.update(granted=3)
    saga = start()
    sweep()
    drain_until(lambda: again(saga).parked_on)
    assert (granted(), engine.calls) == ({"scripted": 3}, [])
    [grant] = Grant.objects.all()
    assert grant.free_at is not None


# -- sagas of one definition in flight -----------------------------------------------------------------------------


def test_no_more_sagas_are_in_flight_than_the_definition_says(engine: World) -> None:
    """A step that waits for its answer counts; a saga that is stuck does not, and waits for a place when it goes on."""
    name = define({"wait": 3600, "name": "long"}, {"name": "two", "on_exhausted": "hold"}, concurrency=2)
    sagas = [start(name) for _number in range(4)]
    run_until_quiet()
    assert [again(saga).status for saga in sagas] == ["running", "running", "pending", "pending"]
    assert [saga.parked_on for saga in sagas] == [None, None, "concurrency:story", "concurrency:story"]
    engine.will("two", *[RuntimeError("nobody knows")] * 3)
    Step.objects.filter(saga=sagas[0], name="long").update(due_at=sagas[0].created_at)
    Saga.objects.filter(pk=sagas[0].pk).update(due_at=sagas[0].created_at)
    drain_until(lambda: again(sagas[2]).status == "running")
    assert [again(saga).status for saga in sagas] == ["stuck", "running", "running", "pending"]
    act("retry", sagas[0])
    run_until_quiet()
    assert [again(saga).parked_on for saga in sagas] == ["concurrency:story", None, None, "concurrency:story"]
    act("compensate", sagas[1])
    drain_until(lambda: again(sagas[3]).status != "pending")
    assert [again(saga).status for saga in sagas] == ["completed", "compensated", "running", "running"]


def test_a_saga_that_was_refused_leaves_its_place_to_the_next(engine: World) -> None:
    name = define("one", concurrency=1)
    engine.will("one", no(), no(), no())
    sagas = [start(name) for _number in range(5)]
    run_to_the_end()
    assert [again(saga).status for saga in sagas] == ["compensated"] * 3 + ["completed"] * 2


# -- through kills -------------------------------------------------------------------------------------------------


@pytest.fixture
def busy(engine: World) -> Iterator[Busy]:
    with busy_service() as service:
        yield service


@pytest.fixture
def processes(engine: World, tmp_path: Path) -> Iterator[Processes]:
    running = Processes(tmp_path)
    yield running
    running.stop_all()


def seven_at_once(busy: Busy) -> str:
    Participant.objects.create(name="busy", transport="http", base_url=busy.url, max_in_flight=7)
    patient = {"max_attempts": 50, "initial": 0.01, "factor": 1, "max": 0.01}
    step = {"participant": "busy", "action": "/a", "compensation": "/b", "timeout": 1, "retry": patient}
    return define({"name": "one", **step}, {"parallel": [{"name": "two", **step}, {"name": "three", **step}]})


def ended() -> int:
    return Saga.objects.filter(status="completed").count()


@pytest.mark.slow
def test_a_participant_that_takes_seven_calls_never_sees_an_eighth(processes: Processes, busy: Busy) -> None:
    """Four workers; a drain is killed, one is frozen past its lease, a whole worker is killed."""
    name = seven_at_once(busy)
    workers: list[subprocess.Popen[bytes]] = [processes.start("work") for _number in range(WORKERS)]
    processes.start("dispatcher")
    sagas = [start(name) for _number in range(150)]
    wait_for("some ends", lambda: ended() > 5)
    os.kill(children_of(workers[0].pid)[0], signal.SIGKILL)
    [frozen] = children_of(workers[1].pid)
    os.kill(frozen, signal.SIGSTOP)
    wait_for("more ends", lambda: ended() > 40)
    workers[2].kill()
    processes.start("work")
    wait_for("all ends", lambda: ended() == len(sagas))
    os.kill(frozen, signal.SIGCONT)
    assert busy.most == 7
    wait_for("every slot to be free", lambda: sweep() and set(granted().values()) == {0})
