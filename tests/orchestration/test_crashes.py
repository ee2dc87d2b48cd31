"""Real workers, killed and frozen: no saga is lost, and nobody writes who has lost the lease."""

import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from orchestration.models import Drain, EngineState, FaultRule, Saga
from tests.orchestration import remote  # noqa: F401  registers the functions here too, so that they can be published
from tests.orchestration.real_processes import Processes, children_of, is_alive, wait_for
from tests.orchestration.scripted import World, again, define, outcomes, start

pytestmark = pytest.mark.slow


@pytest.fixture
def processes(engine: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    monkeypatch.setenv("REMOTE_DIRECTORY", str(tmp_path))
    running = Processes(tmp_path)
    yield running
    running.stop_all()


def one_step(function: str, *, name: str = "story", **more: object) -> str:
    return define(
        {"name": "one", "action": function, "compensation": "remote-quick", "timeout": 600, **more}, name=name
    )


def ended(saga: Saga) -> bool:
    saga.refresh_from_db()
    return saga.finished_at is not None or saga.status == "stuck"


def calls(tmp_path: Path) -> list[str]:
    path = tmp_path / "calls"
    return path.read_text().splitlines() if path.exists() else []


def test_a_killed_worker_takes_its_child_along_and_its_saga_goes_on(processes: Processes, tmp_path: Path) -> None:
    worker = processes.start("work")
    processes.start("dispatcher")
    saga = start(one_step("remote-slow-once"))
    wait_for("the first call", lambda: calls(tmp_path))
    [child] = children_of(worker.pid)
    worker.kill()
    worker.wait()
    wait_for("the child's end", lambda: not is_alive(child))
    processes.start("work")
    wait_for("the saga's end", lambda: ended(saga))
    assert saga.status == "completed"
    assert outcomes(saga) == [(1, "lost"), (2, "succeeded")]
    assert [line.split()[1] for line in calls(tmp_path)] == [f"{saga.pk}:one:action"] * 2


def test_a_killed_child_is_noticed_by_its_worker(processes: Processes, tmp_path: Path) -> None:
    worker = processes.start("work")
    processes.start("dispatcher")
    saga = start(one_step("remote-slow-once"))
    wait_for("the first call", lambda: calls(tmp_path))
    os.kill(children_of(worker.pid)[0], signal.SIGKILL)
    wait_for("the saga's end", lambda: ended(saga))
    assert saga.status == "completed"
    assert saga.steps.get().tries == 1


def test_a_frozen_worker_that_wakes_after_its_lease_writes_nothing(processes: Processes, tmp_path: Path) -> None:
    frozen = processes.start("work")
    processes.start("dispatcher")
    saga = start(one_step("remote-slow-once"))
    wait_for("the first call", lambda: calls(tmp_path))
    [child] = children_of(frozen.pid)
    [lease] = Drain.objects.all()
    os.kill(child, signal.SIGSTOP)
    processes.start("work")
    wait_for("the saga's end", lambda: ended(saga))
    events_before = saga.events.count()
    os.kill(child, signal.SIGCONT)
    wait_for("the old drain's end", lambda: not Drain.objects.filter(pk=lease.pk).exists() and not is_alive(child))
    wait_for("the lost lease to be counted", lambda: EngineState.objects.filter(name="lost_leases").exists())
    saga.refresh_from_db()
    assert saga.status == "completed"
    assert saga.events.count() == events_before
    assert outcomes(saga) == [(1, "lost"), (2, "succeeded")]


def test_a_step_that_kills_its_worker_is_tried_alone_and_then_held_for_a_human(
    processes: Processes, tmp_path: Path
) -> None:
    poisoned = one_step("remote-poison")
    processes.start("work")
    processes.start("dispatcher")
    saga = start(poisoned)
    wait_for("the saga's end", lambda: ended(saga))
    assert saga.stuck_code == "worker_died"
    assert [outcome for _number, outcome in outcomes(saga)] == ["lost"] * 5


def test_a_step_that_kills_its_worker_takes_others_with_it_twice_at_most(processes: Processes, tmp_path: Path) -> None:
    """Once those that were out with it, and once the few it is tried with: from then on each is called alone."""
    bystanders = [start(one_step("remote-slow-twice", name="bystander")) for _number in range(5)]
    poisoned = start(one_step("remote-poison"))
    processes.start("work")
    processes.start("dispatcher")
    wait_for("all ends", lambda: all(map(ended, [*bystanders, poisoned])))
    assert [again(saga).status for saga in bystanders] == ["completed"] * 5
    assert {tuple(outcomes(saga)) for saga in bystanders} == {((1, "lost"), (2, "lost"), (3, "succeeded"))}
    assert (again(poisoned).stuck_code, len(outcomes(poisoned))) == ("worker_died", 5)


@pytest.mark.parametrize(
    ("kind", "direction", "seen"),
    [
        pytest.param("crash_before", "action", ["one", "two", "-two", "-one"], id="before the call"),
        pytest.param("crash_after", "action", ["one", "one", "two", "-two", "-one"], id="after the call"),
        pytest.param("crash_before", "compensation", ["one", "two", "-two", "-one"], id="before an undo"),
        pytest.param("crash_after", "compensation", ["one", "two", "-two", "-one", "-one"], id="in mid-compensation"),
    ],
)
def test_a_worker_that_dies_around_a_call_loses_nothing(
    processes: Processes, tmp_path: Path, kind: str, direction: str, seen: list[str]
) -> None:
    step = {"compensation": "remote-quick", "timeout": 600}
    name = define(
        {"name": "one", "action": "remote-quick", **step}, {"name": "two", "action": "remote-refuses", **step}
    )
    expires_at = timezone.now() + timedelta(minutes=10)
    FaultRule.objects.create(kind=kind, step="one", direction=direction, times=1, expires_at=expires_at)
    processes.start("work", SAGA_ALLOW_FAULTS="1")
    processes.start("dispatcher")
    saga = start(name)
    wait_for("the saga's end", lambda: ended(saga))
    assert saga.status == "compensated"
    keys = [line.split()[1].split(":")[1:] for line in calls(tmp_path)]
    assert [f"{'-' if way == 'compensation' else ''}{step}" for step, way in keys] == seen
    lost = saga.attempts.filter(outcome="lost").values_list("direction", "number")
    assert list(lost) == [(direction, 1)]


def test_a_stopped_worker_gives_its_sagas_back_at_once(processes: Processes, tmp_path: Path) -> None:
    worker = processes.start("work")
    saga = start(one_step("remote-slow-once"))
    wait_for("the first call", lambda: calls(tmp_path))
    worker.terminate()
    assert worker.wait(timeout=30) == 0
    saga.refresh_from_db()
    assert saga.drain_id is None
    assert outcomes(saga) == [(1, "lost")]
    assert not Drain.objects.exists()


def test_a_drain_whose_database_connections_are_cut_goes_on(processes: Processes, tmp_path: Path) -> None:
    processes.start("work")
    processes.start("dispatcher")
    name = define({"name": "one", "action": "remote-quick"}, {"name": "two", "action": "remote-quick"})
    sagas = [start(name) for _number in range(50)]
    wait_for("some calls", lambda: calls(tmp_path))
    with connection.cursor() as cursor:
        cursor.execute("""SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                          WHERE application_name LIKE 'sagaconsole%%'""")
    wait_for("all ends", lambda: all(ended(saga) for saga in sagas))
    assert {saga.status for saga in sagas} == {"completed"}


def test_the_dispatcher_is_seen_alive(processes: Processes) -> None:
    processes.start("dispatcher")
    wait_for("a beat", lambda: EngineState.objects.filter(name="dispatcher").exists())
