"""The semantic lock: of the sagas of one definition with the same value one lives at a time, in launch order."""

import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from orchestration.launch import WrongInput
from orchestration.models import Participant, Saga
from orchestration.queries import standing_now
from orchestration.sweep import sweep
from tests.orchestration.busy_service import Busy, busy_service
from tests.orchestration.real_processes import Processes, children_of, wait_for
from tests.orchestration.scripted import World, act, again, define, no, run_until_quiet, start

SAGAS = 200


def order_of_calls(engine: World) -> list[str]:
    seen = [str(command.saga_id) for command in engine.commands]
    return sorted(set(seen), key=seen.index)


def test_sagas_of_one_key_go_one_after_the_other_in_launch_order(engine: World) -> None:
    name = define("one", "two", lock_key="account")
    sagas = [start(name, account="A-1") for _number in range(5)]
    run_until_quiet()
    assert {again(saga).status for saga in sagas} == {"completed"}
    assert [str(command.saga_id) for command in engine.commands] == [str(saga.pk) for saga in sagas for _step in "12"]


def test_another_key_and_another_definition_are_not_kept_waiting(engine: World) -> None:
    name = define("one", lock_key="account")
    other = define("one", lock_key="account", name="other")
    engine.will("one", no("not now"))
    first = start(name, account=7)
    Saga.objects.filter(pk=first.pk).update(status="stuck", stuck_reason="because", due_at=None)
    sagas = [start(name, account="7"), start(name, account="8"), start(other, account="7")]
    engine.script.clear()
    run_until_quiet()
    assert [(again(saga).status, saga.parked_on) for saga in sagas] == [
        ("pending", "lock:7"), ("completed", None), ("completed", None),
    ]  # fmt: skip


def test_a_stuck_saga_keeps_its_lock_until_it_has_ended(engine: World) -> None:
    name = define({"name": "one", "on_exhausted": "hold"}, lock_key="account")
    engine.will("one", *[RuntimeError("nobody knows")] * 3)
    holder, waiting = start(name, account="A-1"), start(name, account="A-1")
    run_until_quiet()
    assert (again(holder).status, again(waiting).parked_on) == ("stuck", "lock:A-1")
    sweep()
    run_until_quiet()
    assert again(waiting).parked_on == "lock:A-1"
    act("abandon", holder, details={"confirm": str(holder.pk)})
    assert again(waiting).parked_on is None
    run_until_quiet()
    assert (again(holder).status, again(waiting).status) == ("abandoned", "completed")


def test_whoever_waits_for_a_lock_turns_back_at_its_deadline(engine: World) -> None:
    name = define({"wait": 3600, "name": "long"}, lock_key="account")
    _holder, waiting, last = (start(name, account="A-1") for _number in range(3))
    run_until_quiet()
    Saga.objects.filter(pk=waiting.pk).update(deadline_at=waiting.created_at)
    assert sweep().unparked == 1
    run_until_quiet()
    assert (again(waiting).status, again(last).parked_on) == ("compensated", "lock:A-1")


def test_a_saga_that_became_visible_late_does_not_run_beside_one_that_has_begun(engine: World) -> None:
    """Its launch was earlier, its commit later: then the younger one holds the lock."""
    name = define({"wait": 3600, "name": "long"}, lock_key="account")
    younger = start(name, account="A-1")
    run_until_quiet()
    older = start(name, account="A-1")
    Saga.objects.filter(pk=older.pk).update(created_at=younger.created_at.replace(year=2020))
    run_until_quiet()
    assert (again(younger).status, again(older).parked_on) == ("running", "lock:A-1")


def test_a_release_that_was_missed_is_made_up_for(engine: World) -> None:
    name = define("one", lock_key="account")
    saga = start(name, account="A-1")
    Saga.objects.update(parked_on="lock:A-1")
    assert sweep().unparked == 1
    run_until_quiet()
    assert again(saga).status == "completed"


@pytest.mark.parametrize("given", [{}, {"account": None}, {"account": ["A-1"]}, {"account": "A" * 256}])
def test_a_launch_without_a_value_to_lock_is_refused(engine: World, given: dict[str, object]) -> None:
    """To go on unlocked would be worse."""
    name = define("one", lock_key="account")
    with pytest.raises(WrongInput, match="lock_key"):
        start(name, **given)
    assert not Saga.objects.exists()


def test_the_monitoring_counts_who_waits_for_locks_together(engine: World) -> None:
    """Values of locks come from inputs, and there may be any number of them: they are no label."""
    name = define({"wait": 3600, "name": "long"}, lock_key="account")
    for account in ("A-1", "A-1", "A-2", "A-2"):
        start(name, account=account)
    run_until_quiet()
    assert standing_now().parked == {"lock": 2}


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


def ends() -> int:
    return Saga.objects.filter(status="completed").count()


LIVES = "SELECT id::text, started_at, finished_at FROM orchestration_saga ORDER BY created_at, id"


@pytest.mark.slow
def test_two_hundred_sagas_on_one_key_run_one_by_one_through_kills(processes: Processes, busy: Busy) -> None:
    busy.seconds = 0.001
    Participant.objects.create(name="busy", transport="http", base_url=busy.url)
    step = {"participant": "busy", "action": "/a", "compensation": "/b", "timeout": 1}
    name = define({"name": "one", **step}, {"name": "two", **step}, lock_key="account")
    workers = [processes.start("work") for _number in range(3)]
    processes.start("dispatcher")
    sagas = [start(name, account="A-1") for _number in range(SAGAS)]
    for number, worker in enumerate(workers):
        before = ends()
        wait_for("some ends", lambda before=before: ends() > before + 20)  # type: ignore[misc]  # a lambda's default
        if number == 1:
            worker.kill()
            processes.start("work")
        else:
            for child in children_of(worker.pid):
                os.kill(child, signal.SIGKILL)
    wait_for("all ends", lambda: ends() == SAGAS)
    in_order = [str(saga.pk) for saga in sagas]
    assert sorted(set(busy.begun), key=busy.begun.index) == in_order
    last_calls = {saga_id: len(busy.begun) - 1 - busy.begun[::-1].index(saga_id) for saga_id in in_order}
    first_calls = {saga_id: busy.begun.index(saga_id) for saga_id in in_order}
    assert all(last_calls[one] < first_calls[next_one] for one, next_one in itertools.pairwise(in_order))
    with connection.cursor() as cursor:
        cursor.execute(LIVES)
        lives = cursor.fetchall()
    assert all(one[2] <= next_one[1] for one, next_one in itertools.pairwise(lives))
