"""Limits, timeouts and pauses that change while drains are at work."""

import asyncio
from collections.abc import Callable
from typing import Any

from orchestration import limits
from orchestration.models import EngineState, Participant, Saga
from orchestration.participants.messages import Command
from tests.orchestration.limits.crowd import Crowd, closing, granted, limit, run_to_the_end
from tests.orchestration.scripted import (
    World,
    admin,
    again,
    define,
    drain,
    drain_until,
    run,
    run_until_quiet,
    start,
)

LOWERED_AFTER = 30


def test_a_limit_that_was_lowered_holds_from_the_next_call_on(engine: World) -> None:
    name = define("one", "two")
    crowd = Crowd(engine)

    async def lower(_command: Command) -> dict[str, Any]:
        await asyncio.to_thread(lambda: closing(lambda: limit(1)))
        return {}

    engine.will("one", lower)
    first = start(name)
    drain_until(lambda: again(first).status == "completed")
    for _number in range(5):
        start(name)
    crowd.expect("one", 5)
    crowd.expect("two", 5)
    run_to_the_end()
    assert (again(first).status, crowd.most) == ("completed", 1)
    assert set(Saga.objects.values_list("status", flat=True)) == {"completed"}


def test_a_limit_that_is_lowered_under_load_holds_as_calls_end(engine: World) -> None:
    """A busy drain would go on for ever with the slots that it has in hand. Second calls wait until it knows."""
    name = define("one", "two", "three")
    seen: list[int] = []
    lowered: list[bool] = []
    crowd, busy = Crowd(engine), drain()

    async def lowering(command: Command) -> dict[str, Any]:
        if len(seen) >= LOWERED_AFTER and not lowered:
            lowered.append(True)
            await asyncio.to_thread(lambda: closing(lower_the_limit))
        if len(seen) >= LOWERED_AFTER:
            await until_it_is_known(lambda: busy.catalogue.participants["scripted"].max_in_flight == 2)
        answer = await crowd.call(command)
        seen.append(crowd.out + 1)
        return answer

    for step in ("one", "two", "three"):
        engine.will(step, *[lowering] * 60)
    for _number in range(60):
        start(name)
    run(busy)
    run_to_the_end()
    assert max(seen[:LOWERED_AFTER]) > 20
    assert max(seen[-50:]) <= 2
    assert granted() == {"scripted": 0}


def test_a_step_without_a_timeout_has_that_of_its_participant(engine: World) -> None:
    name = define({"name": "one", "timeout": None}, {"name": "two", "timeout": 2})
    Participant.objects.update(timeout=0.7)
    start(name)
    run_until_quiet()
    assert [command.timeout for command in engine.commands] == [0.7, 2]
    Participant.objects.update(timeout=9)
    start(name)
    run_until_quiet()
    assert [command.timeout for command in engine.commands[2:]] == [9, 2]


def test_a_drain_that_is_full_learns_of_a_pause_that_nobody_told_it_of(engine: World) -> None:
    """It takes on nothing, but what it has would go on calling. The next heartbeat says that something has changed."""
    name = define("one", "two")
    full = drain(max_calls=3)

    async def call(command: Command) -> dict[str, Any]:
        await asyncio.to_thread(lambda: closing(lambda: Participant.objects.update(paused=True)))
        changed = await asyncio.to_thread(lambda: closing(lambda: EngineState.objects.get(name="configuration").value))
        await until_it_is_known(lambda: (full.lease.configuration or 0) >= changed)
        return {}

    engine.will("one", call, call, call)
    sagas = [start(name) for _number in range(3)]
    run(full)
    assert engine.calls == ["one"] * 3
    assert [again(saga).parked_on for saga in sagas] == ["participant:scripted"] * 3


async def until_it_is_known(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  the drain has no event for it
            await asyncio.sleep(0.001)


def lower_the_limit() -> None:
    limits.limit(name="scripted", actor=admin(), reason="it is slow today", max_in_flight=2, timeout=5)
