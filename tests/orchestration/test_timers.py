"""`wait` steps, through the real drain and store."""

import asyncio

from django.db import connections

from orchestration.core.states import SagaStatus
from orchestration.models import Saga
from orchestration.participants.messages import Command
from tests.orchestration.scripted import World, act, again, define, outcomes, run_until_quiet, start, steps_of


def test_a_timer_holds_the_next_step_back(engine: World) -> None:
    saga = start(define("one", {"name": "cool-down", "wait": 0.3}, "two"))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert engine.calls == ["one", "two"]
    timer, two = saga.steps.get(name="cool-down"), saga.steps.get(name="two")
    assert timer.finished_at
    assert timer.started_at
    assert two.started_at
    assert (timer.finished_at - timer.started_at).total_seconds() >= 0.3
    assert two.started_at >= timer.finished_at


def test_a_timer_is_cancelled_when_the_saga_turns_back(engine: World) -> None:
    saga = start(define("one", {"name": "cool-down", "wait": 3600}, "two"))
    run_until_quiet()
    assert steps_of(saga)["cool-down"] == "waiting"
    act("compensate", saga)
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert steps_of(saga) == {"one": "compensated", "cool-down": "skipped", "two": "pending"}


def test_a_timer_beside_a_call_ends_while_the_call_is_out(engine: World) -> None:
    async def until_the_timer_has_ended(command: Command) -> dict[str, bool]:
        for _look in range(500):
            await asyncio.sleep(0.01)
            if await asyncio.to_thread(_timer_has_ended, command):
                return {"seen": True}
        raise AssertionError("the timer never ended")

    engine.will("slow", until_the_timer_has_ended)
    saga = start(define({"parallel": ["slow", {"name": "timer", "wait": 0.1}]}))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert outcomes(saga) == [(1, "succeeded")]


def _timer_has_ended(command: Command) -> bool:
    try:
        return Saga.objects.get(pk=command.saga_id).steps.get(name="timer").status == "succeeded"
    finally:
        connections.close_all()
