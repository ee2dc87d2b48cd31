"""The checker finds each violation that is planted into an otherwise good run, and nothing in the good run itself."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.faults import recovery
from tests.faults.checker import check
from tests.faults.damage import Done
from tests.faults.facts import Attempt, Effect, Event, Facts, Saga, Step
from tests.faults.schedule import Kind, plan

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
GOOD, UNDONE = "saga-completed", "saga-compensated"


def effect(saga_id: str, step: str, direction: str = "action", amount: int = -2) -> Effect:
    return Effect("inventory", saga_id, step, direction, 1, "available", "reserved", amount)


def attempt(saga_id: str, number: int, epoch: int, outcome: str = "succeeded", at: float = 0) -> Attempt:
    start = NOON + timedelta(seconds=at)
    return Attempt(saga_id, 0, "action", number, epoch, outcome, start, start + timedelta(seconds=9))


def good_run() -> Facts:
    """One saga completed, one compensated after its second step was refused."""
    return Facts(
        acknowledged={"key-1": GOOD, "key-2": UNDONE},
        sagas=[Saga(GOOD, "completed", "key-1", 1, 3), Saga(UNDONE, "compensated", "key-2", 1, 4)],
        steps=[
            Step(GOOD, 0, "reserve", "succeeded"),
            Step(UNDONE, 0, "reserve", "compensated"),
            Step(UNDONE, 1, "book", "compensated"),
        ],
        events=[
            Event(GOOD, 1, "pending", 0, "0:pending>due"),
            Event(GOOD, 2, "running", 1, "0:due>running"),
            Event(GOOD, 3, "completed", 1, "0:running>succeeded"),
            Event(UNDONE, 1, "pending", 0, "0:pending>due"),
            Event(UNDONE, 2, "running", 1, "0:due>running>succeeded 1:pending>due>running"),
            Event(UNDONE, 3, "compensating", 1, "1:running>compensation_due>compensating>compensated"),
            Event(UNDONE, 4, "compensated", 1, "0:succeeded>compensation_due>compensating>compensated"),
        ],
        attempts=[attempt(GOOD, 1, 1)],
        effects=[
            effect(GOOD, "reserve"),
            effect(UNDONE, "reserve"),
            effect(UNDONE, "reserve", "compensation", 2),
        ],
        books_before={"inventory": {"available": 10, "reserved": 0}},
        books_after={"inventory": {"available": 8, "reserved": 2}},
    )


def missed(facts: Facts) -> set[str]:
    return {verdict.promise for verdict in check(facts) if not verdict.kept}


def test_a_good_run_keeps_every_promise() -> None:
    assert missed(good_run()) == set()


def test_a_run_in_which_nothing_happened_proves_nothing() -> None:
    assert len(missed(Facts())) == len(check(Facts()))


def without(field: str, *unwanted: int) -> Callable[[Facts], dict[str, Any]]:
    return lambda run: {field: [row for number, row in enumerate(getattr(run, field)) if number not in unwanted]}


def also(field: str, *more: Any) -> Callable[[Facts], dict[str, Any]]:
    return lambda run: {field: [*getattr(run, field), *more]}


def changed(field: str, number: int, **values: Any) -> Callable[[Facts], dict[str, Any]]:
    return lambda run: {
        field: [replace(row, **values) if n == number else row for n, row in enumerate(getattr(run, field))]
    }


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
            lambda _run: {"books_after": {"inventory": {"available": 9, "reserved": 2}}},
            "P4",
            id="stock out of nothing",
        ),
        pytest.param(
            lambda _run: {"books_after": {"inventory": {"available": 7, "reserved": 3}}}, "P4", id="beside the ledger"
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
        pytest.param(changed("sagas", 0, status="stuck"), "P6", id="stuck in the end"),
        pytest.param(lambda _run: {"overdue": [Saga(GOOD, "running")]}, "P6", id="due for a minute"),
        pytest.param(changed("sagas", 1, business_key="key-1"), "P13", id="one key, two sagas"),
    ],
)
def test_a_planted_violation_is_found(planted: Callable[[Facts], dict[str, Any]], promise: str) -> None:
    run = good_run()
    assert promise in missed(replace(run, **planted(run)))


def test_recovery_counts_from_the_kill_to_the_next_try() -> None:
    attempts = [attempt(GOOD, 1, 1, "lost"), attempt(GOOD, 2, 2, at=10), attempt(UNDONE, 1, 1, "lost", at=50)]
    kills = [
        Done(NOON + timedelta(seconds=3), Kind.DISPATCHER, ""),
        Done(NOON + timedelta(seconds=4), Kind.CHILD, ""),
    ]
    longest = recovery.longest(attempts, kills)
    assert longest == {Kind.CHILD: timedelta(seconds=6), recovery.CRASH_RULE: timedelta(seconds=9)}


def test_the_plan_follows_from_the_seed_and_has_every_kind() -> None:
    assert plan(7, 60) == plan(7, 60) != plan(8, 60)
    assert {fault.kind for fault in plan(7, 5)} == set(Kind)
    assert all(0 <= fault.at_seconds <= 60 for fault in plan(7, 60))
