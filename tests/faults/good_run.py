"""A run in which every promise was kept, and ways to change it, so that one is not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.faults import memory
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
from tests.faults.schedule import Kind

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
