"""The checker finds each violation that is planted into an otherwise good run, and nothing in the good run itself."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.faults.checker import check
from tests.faults.facts import Act, Answered, Audited, Chain, Done, Event, Facts, Saga
from tests.faults.good_run import (
    GOOD,
    NOON,
    RESCUED,
    UNDONE,
    also,
    attempt,
    changed,
    effect,
    good_run,
    missed,
    piled,
    without,
)
from tests.faults.schedule import Kind

AWAY = Done(NOON + timedelta(seconds=60), Kind.VALKEY_AWAY, "for nine seconds", back_at=NOON + timedelta(seconds=69))
LOST_AND_FOUND = Saga("saga-forgotten", "completed", "key-3")


def test_a_good_run_keeps_every_promise() -> None:
    assert missed(good_run()) == set()


def test_a_run_in_which_nothing_happened_proves_nothing() -> None:
    assert {verdict.promise for verdict in check(Facts()) if verdict.kept} == {"P8b", "P10", "P11", "P14", "P16"}


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


def test_an_abandoned_saga_is_one_whose_undo_a_person_gave_up() -> None:
    run = good_run()
    steps = changed("steps", 1, status="compensation_failed")(run)
    given_up = replace(run, **changed("sagas", 1, status="abandoned")(run), **without("effects", 2)(run), **steps)
    by_a_person = replace(given_up, acts=[*run.acts, Act(UNDONE, "skip", "it may stand", 0)])
    assert "P3" in missed(given_up)
    assert "P3" not in missed(by_a_person)
    assert "P3" in missed(replace(by_a_person, steps=run.steps))  # what stands is called compensated


@pytest.mark.parametrize(("before", "missing"), [(True, set()), (False, {"P13b"})])
def test_a_pause_of_what_is_paused_already_leaves_no_line_in_the_journal(before: bool, missing: set[str]) -> None:
    run = good_run()
    acts = [*run.acts, Act(GOOD, "pause", "twice", 200, twin="once"), Act(GOOD, "pause", "once", 200)]
    audited = [*run.audited, *(Audited(GOOD, "pause", reason, True) for reason in ("twice", "once"))]
    last = max(event.seq for event in run.events if event.saga_id == GOOD)
    paused = [Event(GOOD, last + 1, "completed", 1, kind="pause", reason="long ago")] if before else []
    changed_run = replace(run, acts=acts, audited=audited, events=[*run.events, *paused], chain=run.chain)
    assert missed(changed_run) & {"P12a", "P13b"} == missing
