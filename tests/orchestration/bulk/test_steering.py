"""Pause, resume, cancel, and canary mode."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models.functions import Now

from orchestration import bulk
from orchestration.bulk import OutOfPlace
from orchestration.models import AuditEntry, Bulk, Saga
from tests.cast import make_person
from tests.orchestration.bulk.sets import copies, make, one_item, stuck_sagas, work, worked
from tests.orchestration.scripted import World, admin, no, run_until_quiet


def steer(how: str, one: Bulk, **more: Any) -> Bulk:
    return bulk.steer(how, bulk_id=one.pk, actor=admin(), **more)


def standing(one: Bulk) -> tuple[str, int]:
    one.refresh_from_db()
    return one.status, one.done


def test_a_paused_bulk_acts_on_nothing_more_until_it_is_resumed(engine: World) -> None:
    one = make("retry", copies(stuck_sagas(engine, 1)[0], 3))
    one_item()
    for _twice in range(2):
        assert steer("pause", one, reason="lunch").status == "paused"
    work()
    assert standing(one) == ("paused", 1)
    assert steer("resume", one).status == "running"
    work()
    assert standing(one) == ("completed", 3)
    rows = AuditEntry.objects.filter(subject=f"bulk {one.pk}").order_by("id")
    assert [(row.act, row.reason) for row in rows] == [
        ("bulk", "because"), ("pause bulk", "lunch"), ("pause bulk", "lunch"), ("resume bulk", ""),
    ]  # fmt: skip


def test_a_cancelled_bulk_keeps_what_was_done_and_never_goes_on(engine: World) -> None:
    one = make("retry", copies(stuck_sagas(engine, 1)[0], 3))
    one_item()
    for _twice in range(2):
        assert steer("cancel", one).status == "cancelled"
    work()
    assert standing(one) == ("cancelled", 1)
    assert [item.result for item in one.items.all()] == ["done", "pending", "pending"]
    with pytest.raises(OutOfPlace):
        steer("resume", one)


def test_what_has_ended_is_not_steered(engine: World) -> None:
    one = worked(make("retry", stuck_sagas(engine, 1)))
    for how in bulk.STEERS:
        with pytest.raises(OutOfPlace, match="completed"):
            steer(how, one)
    assert AuditEntry.objects.filter(subject=f"bulk {one.pk}", granted=False).count() == 3


def test_steering_takes_the_right_to_the_act(engine: World) -> None:
    one = make("retry", stuck_sagas(engine, 1))
    with pytest.raises(PermissionDenied):
        bulk.steer("pause", bulk_id=one.pk, actor=make_person("viewer").actor)
    assert standing(one)[0] == "running"
    assert AuditEntry.objects.filter(act="pause bulk", actor="viewer", granted=False).exists()


def test_a_canary_looks_after_one_and_after_ten_more(engine: World) -> None:
    one = make("retry", copies(stuck_sagas(engine, 1)[0], 15), canary=True)
    seen = []
    for _wave in range(3):
        due_now(one)
        work()
        due_now(one)
        work()  # too early: nothing is known yet of what it has done
        seen.append(standing(one))
        run_until_quiet()
    assert seen == [("running", 1), ("running", 11), ("completed", 15)]


def test_a_canary_halts_itself_when_its_first_saga_fails_again(engine: World) -> None:
    one = make("retry", copies(stuck_sagas(engine, 1)[0], 15), canary=True)
    work()
    engine.will("two", no("again"))
    run_until_quiet()
    due_now(one)
    work()
    assert standing(one) == ("halted", 1)
    assert one.halted_because == "failures"
    assert Saga.objects.filter(events__kind="retry").count() == 1


def test_resuming_accepts_what_has_failed_so_far(engine: World) -> None:
    one = make("retry", copies(stuck_sagas(engine, 1)[0], 15), canary=True)
    work()
    engine.will("two", no("again"))
    run_until_quiet()
    due_now(one)
    work()
    assert steer("resume", one).failures_accepted == 1
    work()
    run_until_quiet()
    due_now(one)
    work()
    assert standing(one) == ("completed", 15)


def test_a_canary_that_nobody_answers_halts_after_a_while(engine: World) -> None:
    one = make("retry", copies(stuck_sagas(engine, 1)[0], 15), canary=True)
    work()
    Bulk.objects.filter(pk=one.pk).update(looked_at_until=Now())
    due_now(one)
    work()
    assert standing(one) == ("halted", 1)
    assert one.halted_because == "slow"
    steer("resume", one)
    work()
    assert standing(one) == ("running", 11)


def test_refusals_are_no_canaries(engine: World) -> None:
    """Nothing was tried on a saga that was refused: the first wave goes on until the act was done to one."""
    stuck = stuck_sagas(engine, 1)[0]
    ids = copies(stuck, 3)
    Saga.objects.filter(pk__in=ids[:2]).update(revision=99)
    one = make("retry", ids, canary=True)
    Saga.objects.filter(pk__in=ids[:2]).update(revision=100)
    work()
    assert standing(one) == ("completed", 1)
    assert one.refused == 2


def due_now(one: Bulk) -> None:
    """A canary is looked at once a second; a test need not wait for it."""
    Bulk.objects.filter(pk=one.pk, status="running").update(due_at=Now())
