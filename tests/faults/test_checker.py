"""The checker finds each violation that is planted into an otherwise good run, and nothing in the good run itself."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.faults import memory, recovery
from tests.faults.checker import check
from tests.faults.facts import (
    Act,
    Answered,
    Attempt,
    Audited,
    Chain,
    Done,
    Effect,
    Event,
    Facts,
    Piled,
    Saga,
    Step,
    Weighed,
)
from tests.faults.schedule import Kind, plan
from tests.faults.traffic import Traffic

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
GOOD, UNDONE, RESCUED, LATER = "saga-completed", "saga-compensated", "saga-rescued", "saga-later"


def effect(saga_id: str, step: str, direction: str = "action", amount: int = -2) -> Effect:
    return Effect("inventory", saga_id, step, direction, 1, "available", "reserved", amount)


def attempt(saga_id: str, number: int, epoch: int, outcome: str = "succeeded", at: float = 0) -> Attempt:
    start = NOON + timedelta(seconds=at)
    return Attempt(saga_id, 0, "action", number, epoch, outcome, start, start + timedelta(seconds=9))


def good_run() -> Facts:
    """One saga completed, one compensated after its second step was refused."""
    return Facts(
        acknowledged={"key-1": GOOD, "key-2": UNDONE, "key-3": RESCUED, "key-4": LATER},
        sagas=[
            Saga(GOOD, "completed", "key-1", 1, 3),
            Saga(UNDONE, "compensated", "key-2", 1, 4),
            Saga(RESCUED, "completed", "key-3", 2, 4, created_at=NOON + timedelta(seconds=35)),
            Saga(LATER, "completed", "key-4", 1, 2, created_at=NOON + timedelta(seconds=68)),
        ],
        steps=[
            Step(GOOD, 0, "reserve", "succeeded"),
            Step(UNDONE, 0, "reserve", "compensated"),
            Step(UNDONE, 1, "book", "compensated"),
            Step(RESCUED, 0, "reserve", "succeeded"),
            Step(LATER, 0, "reserve", "succeeded"),
            Step(RESCUED, 1, "approve", "succeeded", "approval"),
        ],
        events=[
            Event(GOOD, 1, "pending", 0, "0:pending>due"),
            Event(GOOD, 2, "running", 1, "0:due>running"),
            Event(GOOD, 3, "completed", 1, "0:running>succeeded"),
            Event(UNDONE, 1, "pending", 0, "0:pending>due"),
            Event(UNDONE, 2, "running", 1, "0:due>running>succeeded 1:pending>due>running"),
            Event(UNDONE, 3, "compensating", 1, "1:running>compensation_due>compensating>compensated"),
            Event(UNDONE, 4, "compensated", 1, "0:succeeded>compensation_due>compensating>compensated"),
            Event(LATER, 1, "pending", 0, "0:pending>due"),
            Event(LATER, 2, "completed", 1, "0:due>running>succeeded"),
            Event(RESCUED, 1, "pending", 0, "0:pending>due"),
            Event(RESCUED, 2, "running", 1, "0:due>running", at=NOON + timedelta(seconds=60)),
            Event(RESCUED, 3, "running", 2, "0:running>due", "lost", at=NOON + timedelta(seconds=69)),
            Event(
                RESCUED,
                4,
                "completed",
                2,
                "0:due>running>succeeded 1:pending>due>waiting>succeeded",
                "approve",
                "a good reason",
                NOON + timedelta(seconds=84),
            ),
        ],
        attempts=[
            attempt(GOOD, 1, 1),
            attempt(RESCUED, 1, 1, "lost", at=60),
            attempt(RESCUED, 2, 2, at=75),
            attempt(LATER, 1, 1, at=76),
        ],
        effects=[
            effect(GOOD, "reserve"),
            effect(UNDONE, "reserve"),
            effect(UNDONE, "reserve", "compensation", 2),
            effect(RESCUED, "reserve"),
            effect(LATER, "reserve"),
        ],
        damage=[
            Done(NOON + timedelta(seconds=61), Kind.CHILD, "", held=(RESCUED,)),
            Done(NOON + timedelta(seconds=72), Kind.FLUSH, ""),
            Done(
                NOON + timedelta(seconds=40),
                Kind.POSTGRES,
                "",
                back_at=NOON + timedelta(seconds=41),
                answered_at=NOON + timedelta(seconds=43),
            ),
        ],
        acts=[
            Act(RESCUED, "approve", "a good reason", 200),
            Act(RESCUED, "approve", "the same", 409, twin="a good reason"),
            Act(RESCUED, "pause", "nobody heard", 0),
        ],
        audited=[Audited(RESCUED, "approve", "a good reason", True), Audited(RESCUED, "approve", "the same", False)],
        chain=Chain(2, 0, "2 rows verified, 0 wait to be sealed"),
        memory=[Weighed(at_seconds, kind, 100_000) for kind in memory.KINDS for at_seconds in (10, 70, 130, 550, 590)],
        nonsense=[Answered("GET nonsense", 404), Answered("GET while PostgreSQL is away", 503)],
        books_before={"inventory": {"available": 10, "reserved": 0}},
        books_after={"inventory": {"available": 4, "reserved": 6}},
    )


def missed(facts: Facts) -> set[str]:
    return {verdict.promise for verdict in check(facts) if not verdict.kept}


def test_a_good_run_keeps_every_promise() -> None:
    assert missed(good_run()) == set()


def test_a_run_in_which_nothing_happened_proves_nothing() -> None:
    assert {verdict.promise for verdict in check(Facts()) if verdict.kept} == {"P8b", "P10", "P11", "P14", "P16"}


def without(field: str, *unwanted: int) -> Callable[[Facts], dict[str, Any]]:
    return lambda run: {field: [row for number, row in enumerate(getattr(run, field)) if number not in unwanted]}


def also(field: str, *more: Any) -> Callable[[Facts], dict[str, Any]]:
    return lambda run: {field: [*getattr(run, field), *more]}


def changed(field: str, number: int, **values: Any) -> Callable[[Facts], dict[str, Any]]:
    return lambda run: {
        field: [replace(row, **values) if n == number else row for n, row in enumerate(getattr(run, field))]
    }


def piled(seconds: float) -> Callable[[Facts], dict[str, Any]]:
    """Sagas that were due so long before the first of them begins."""
    return lambda _run: {"piled": Piled(NOON - timedelta(seconds=seconds), {"key-1": GOOD})}


AWAY = Done(NOON + timedelta(seconds=60), Kind.VALKEY_AWAY, "for nine seconds", back_at=NOON + timedelta(seconds=69))
LOST_AND_FOUND = Saga("saga-forgotten", "completed", "key-3")


@pytest.mark.parametrize(
    ("planted", "promise"),
    [
        pytest.param(without("sagas", 1), "P1", id="a saga that was acknowledged is gone"),
        pytest.param(also("effects", effect("nobody", "reserve")), "P1", id="an effect of a saga that is not stored"),
        pytest.param(also("effects", effect(GOOD, "reserve")), "P2", id="the same effect twice"),
        pytest.param(without("effects", 0), "P3", id="completed without its effect"),
        pytest.param(also("effects", effect(GOOD, "book")), "P3", id="completed with an effect of no step"),
        pytest.param(also("effects", effect(GOOD, "reserve", "compensation", 2)), "P3", id="completed and undone"),
        pytest.param(without("effects", 2), "P3", id="compensated with an effect left standing"),
        pytest.param(changed("effects", 2, amount=1), "P3", id="half of it undone"),
        pytest.param(also("effects", effect(UNDONE, "book", "compensation", 2)), "P3", id="undone what never was"),
        pytest.param(also("sagas", LOST_AND_FOUND), "P3", id="completed without a step"),
        pytest.param(changed("sagas", 1, status="abandoned"), "P3", id="abandoned by nobody"),
        pytest.param(
            lambda _run: {"books_after": {"inventory": {"available": 5, "reserved": 6}}},
            "P4",
            id="stock out of nothing",
        ),
        pytest.param(
            lambda _run: {"books_after": {"inventory": {"available": 3, "reserved": 7}}}, "P4", id="beside the ledger"
        ),
        pytest.param(changed("events", 2, moves="0:running>compensated"), "P5a", id="a step makes an illegal move"),
        pytest.param(changed("events", 2, moves="0:waiting>succeeded"), "P5a", id="a move from where it did not stand"),
        pytest.param(changed("events", 6, status="running"), "P5a", id="a saga goes forward after it went back"),
        pytest.param(changed("steps", 0, status="running"), "P5a", id="a row that its journal does not explain"),
        pytest.param(without("events", 5), "P5a", id="a gap in the journal"),
        pytest.param(changed("events", 5, epoch=0), "P5b", id="a line of the journal from an old epoch"),
        pytest.param(
            lambda _run: {"attempts": [attempt(GOOD, 1, 3), attempt(GOOD, 2, 2)]}, "P5b", id="an old epoch's attempt"
        ),
        pytest.param(changed("events", 2, epoch=9), "P5b", id="an epoch above the saga's own"),
        pytest.param(changed("effects", 0, epoch=2), "P5c", id="an effect that nobody had meant to make"),
        pytest.param(changed("sagas", 0, status="stuck"), "P6", id="stuck in the end"),
        pytest.param(lambda _run: {"overdue": [Saga(GOOD, "running")]}, "P6", id="due for a minute"),
        pytest.param(changed("attempts", 2, started_at=NOON + timedelta(seconds=77)), "P7", id="back after 16 seconds"),
        pytest.param(changed("damage", 1, at=NOON + timedelta(seconds=69)), "P8a", id="nothing ran for 6 seconds"),
        pytest.param(piled(61), "P8b", id="one of the pile began after 61 seconds"),
        pytest.param(also("damage", AWAY), "P8a", id="nothing ran for 6 seconds after Valkey was back"),
        pytest.param(changed("damage", 2, answered_at=NOON + timedelta(seconds=52)), "P9a", id="the console was away"),
        pytest.param(
            changed("damage", 2, at=NOON + timedelta(seconds=38), back_at=NOON + timedelta(seconds=39)),
            "P9b",
            id="no worker for 21 seconds",
        ),
        pytest.param(without("audited", 0), "P12a", id="an act without an audit row"),
        pytest.param(also("audited", Audited(RESCUED, "pause", "whoever", True)), "P12a", id="an act of nobody"),
        pytest.param(changed("audited", 1, granted=True), "P12a", id="refused, and audited as granted"),
        pytest.param(lambda _run: {"chain": Chain(2, 1, "row x was changed")}, "P12b", id="an audit row was changed"),
        pytest.param(
            lambda _run: {"chain": Chain(2, 0, "1 rows verified, 1 wait to be sealed")},
            "P12b",
            id="a row is not sealed",
        ),
        pytest.param(also("events", Event(GOOD, 4, "completed", 1, reason="the same")), "P13b", id="done by both"),
        pytest.param(changed("acts", 1, status=200, twin="nobody"), "P13b", id="granted, and never done"),
        pytest.param(also("nonsense", Answered("GET nonsense", 500)), "P15", id="a 500 for nonsense"),
        pytest.param(also("nonsense", Answered("POST nonsense", 201)), "P15", id="nonsense that is taken"),
        pytest.param(also("broken", Answered("GET /sagas", 500)), "P15", id="a 500 for a good request"),
        pytest.param(changed("memory", 4, kilobytes=112_000), "P16", id="the web process grows"),
        pytest.param(changed("sagas", 1, business_key="key-1"), "P13a", id="one key, two sagas"),
    ],
)
def test_a_planted_violation_is_found(planted: Callable[[Facts], dict[str, Any]], promise: str) -> None:
    run = good_run()
    assert promise in missed(replace(run, **planted(run)))


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


def test_an_abandoned_saga_is_one_whose_undo_a_person_gave_up() -> None:
    run = good_run()
    steps = changed("steps", 1, status="compensation_failed")(run)
    given_up = replace(run, **changed("sagas", 1, status="abandoned")(run), **without("effects", 2)(run), **steps)
    by_a_person = replace(given_up, acts=[*run.acts, Act(UNDONE, "skip", "it may stand", 0)])
    assert "P3" in missed(given_up)
    assert "P3" not in missed(by_a_person)
    assert "P3" in missed(replace(by_a_person, steps=run.steps))  # what stands is called compensated


def test_a_crash_by_rule_counts_from_the_start_of_the_call() -> None:
    attempts = [attempt(GOOD, 1, 1, "lost"), attempt(GOOD, 2, 2, at=10), attempt(UNDONE, 1, 1, "lost", at=50)]
    assert recovery.after_crash_rules(attempts, []) == timedelta(seconds=10)
    assert recovery.after_crash_rules(attempts, [Done(NOON, Kind.CHILD, "", (GOOD,))]) == timedelta(0)


def test_the_plan_follows_from_the_seed_and_has_every_kind() -> None:
    assert plan(7, 60) == plan(7, 60) != plan(8, 60)
    assert {fault.kind for fault in plan(7, 5)} == set(Kind)
    assert all(0 <= fault.at_seconds <= 60 for fault in plan(7, 60))


def test_the_traffic_follows_from_the_seed() -> None:
    first, same, other = ([traffic.body() for _number in range(60)] for traffic in map(planned_traffic, (7, 7, 8)))
    assert first == same != other
    assert {body["definition"] for body in first} == {
        "place-order", "transfer-with-pivot", "order-with-approval", "order-with-delivery", "place-order-mixed",
    }  # fmt: skip


def planned_traffic(seed: int) -> Traffic:
    """Nothing is sent."""
    return Traffic(None, seed)  # type: ignore[arg-type]
