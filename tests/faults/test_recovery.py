"""How long a saga may lie still: what counts, from when, and what does not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.faults import recovery
from tests.faults.facts import Done, Event, Piled
from tests.faults.good_run import GOOD, NOON, UNDONE, attempt, changed, good_run, missed, piled
from tests.faults.recovery import _moved_on
from tests.faults.schedule import Kind


def test_a_pile_that_begins_within_a_minute_keeps_its_promise() -> None:
    run = good_run()
    assert "P8b" not in missed(replace(run, **piled(59)(run)))
    nobody = replace(run, piled=Piled(NOON, {"key-9": "saga-that-never-began"}))
    assert "P8b" in missed(nobody)


def test_a_saga_that_lay_still_while_postgresql_was_away_has_until_its_own_limit() -> None:
    run = good_run()
    late = replace(run, **changed("attempts", 2, started_at=NOON + timedelta(seconds=77))(run))
    back_at = NOON + timedelta(seconds=63)
    away = Done(NOON + timedelta(seconds=62), Kind.POSTGRES, "", back_at=back_at, answered_at=back_at)
    assert "P7" in missed(late)
    assert "P7" not in missed(replace(late, damage=[*run.damage, away]))


def test_a_console_that_is_killed_while_postgresql_is_away_has_20_seconds_from_then() -> None:
    run = good_run()
    back_at = NOON + timedelta(seconds=72)
    away = Done(
        NOON + timedelta(seconds=62), Kind.POSTGRES, "", back_at=back_at, answered_at=NOON + timedelta(seconds=84)
    )
    killed = Done(NOON + timedelta(seconds=65), Kind.WEB, "")
    assert "P9a" in missed(replace(run, damage=[*run.damage, away]))
    assert "P9a" not in missed(replace(run, damage=[*run.damage, away, killed]))
    later = replace(away, answered_at=NOON + timedelta(seconds=86))
    assert "P9a" in missed(replace(run, damage=[*run.damage, later, killed]))


def test_without_valkey_no_drain_begins_so_a_killed_workers_sagas_have_15_seconds_from_when_it_is_back() -> None:
    run = good_run()
    late = replace(run, **changed("attempts", 2, started_at=NOON + timedelta(seconds=77))(run))
    full = Done(NOON + timedelta(seconds=58), Kind.VALKEY_FULL, "", back_at=NOON + timedelta(seconds=63))
    assert "P7" not in missed(replace(late, damage=[*run.damage, full]))
    soon_back = replace(full, back_at=NOON + timedelta(seconds=61.5))
    assert "P7" in missed(replace(late, damage=[*run.damage, soon_back]))


def test_a_saga_that_was_let_go_just_before_the_kill_was_not_held() -> None:
    run = good_run()
    late = replace(run, **changed("attempts", 2, started_at=NOON + timedelta(seconds=77))(run))
    let_go = [
        replace(event, at=NOON + timedelta(seconds=60.5), kind="answered") if event.kind == "lost" else event
        for event in late.events
    ]
    assert "P7" in missed(late)
    assert list(recovery.sagas_still(replace(late, events=let_go))) == []


def test_a_saga_that_the_loss_made_stuck_waits_for_a_person_and_not_for_a_worker() -> None:
    run = good_run()
    late = replace(run, **changed("attempts", 2, started_at=NOON + timedelta(seconds=77))(run))
    stuck = [replace(event, status="stuck") if event.kind == "lost" else event for event in late.events]
    assert "P7" in missed(late)
    assert "P7" not in missed(replace(late, events=stuck))


def test_a_crash_by_rule_counts_from_the_start_of_the_call() -> None:
    attempts = [attempt(GOOD, 1, 1, "lost"), attempt(GOOD, 2, 2, at=10), attempt(UNDONE, 1, 1, "lost", at=50)]
    assert recovery.after_crash_rules(attempts, []) == timedelta(seconds=10)
    assert recovery.after_crash_rules(attempts, [Done(NOON, Kind.CHILD, "", (GOOD,))]) == timedelta(0)


@pytest.mark.parametrize(("kind", "goes_on"), [("pause", 70), ("note", None)])
def test_a_lost_saga_that_a_person_has_paused_has_gone_as_far_as_it_goes(kind: str, goes_on: int | None) -> None:
    events = [
        Event("s", 1, "running", 1, kind=kind, at=NOON + timedelta(seconds=65)),
        Event("s", 2, "running", 2, moves="0:running>due", kind="lost", at=NOON + timedelta(seconds=70)),
    ]
    until = None if goes_on is None else NOON + timedelta(seconds=goes_on)
    assert _moved_on(NOON + timedelta(seconds=60), [], events) == until
