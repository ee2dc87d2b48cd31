"""Limits hold through kills and freezes of real workers."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.models import Participant, Saga
from orchestration.sweep import sweep
from tests.orchestration.busy_service import Busy, busy_service
from tests.orchestration.limits.crowd import granted
from tests.orchestration.real_processes import Process, Processes, children_of, wait_for
from tests.orchestration.scripted import (
    World,
    define,
    start,
)

WORKERS = 4


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
    workers: list[Process] = [processes.start("work") for _number in range(WORKERS)]
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
