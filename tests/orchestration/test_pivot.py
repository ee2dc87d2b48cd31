"""The pivot, through the real drain and store."""

import asyncio

from orchestration.core.states import SagaStatus
from orchestration.participants.messages import Command
from tests.orchestration.scripted import NOTHING, World, act, again, define, no, run_until_quiet, start

PIVOT = {"name": "pay", "pivot": True, "compensation": None}
AFTER = {"compensation": None}


def test_past_the_pivot_a_refusal_is_stuck_and_skip_goes_forward(engine: World) -> None:
    engine.will("ship", no("no carrier"))
    saga = start(define("one", PIVOT, {"name": "ship", **AFTER}, {"name": "mail", **AFTER}))
    run_until_quiet()
    assert again(saga).status == SagaStatus.STUCK
    assert saga.stuck_code == "past_pivot"
    act("skip", saga)
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert engine.calls == ["one", "pay", "ship", "mail"]


def test_a_clear_refusal_of_the_pivot_goes_back(engine: World) -> None:
    engine.will("pay", no("card over its limit"))
    saga = start(define("one", PIVOT))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.calls == ["one", "pay", "-one"]


def test_a_pivot_in_doubt_is_tried_again_then_stuck_and_never_undone(engine: World) -> None:
    engine.will("pay", NOTHING, NOTHING, NOTHING)
    saga = start(define("one", PIVOT))
    run_until_quiet()
    assert again(saga).status == SagaStatus.STUCK
    assert saga.stuck_code == "pivot_in_doubt"
    assert engine.calls == ["one", "pay", "pay", "pay"]


def test_past_the_pivot_the_deadline_only_alerts(engine: World) -> None:
    async def slow(_command: Command) -> dict[str, bool]:
        await asyncio.sleep(1.6)
        return {"late": True}

    engine.will("ship", slow)
    saga = start(define("one", PIVOT, {"name": "ship", **AFTER}, deadline=1))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert saga.overdue
