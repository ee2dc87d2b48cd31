"""Stages and conditions, through the real drain and store."""

import asyncio
from typing import Any

from orchestration.core.states import SagaStatus
from orchestration.drain.connections import Connection, connect
from orchestration.models import Event
from orchestration.participants.messages import Command
from tests.orchestration.scripted import (
    NOTHING,
    World,
    again,
    define,
    drain,
    no,
    outcomes,
    run,
    run_until_quiet,
    start,
    steps_of,
)  # fmt: skip


def group(*steps: str | dict[str, Any]) -> str:
    """one, then the given steps side by side, then last."""
    return define("one", {"parallel": list(steps)}, "last")


class Together:
    """An answer for several calls: each waits until all of them are out at the same time."""

    def __init__(self, number: int) -> None:
        self.missing = number
        self.all_out = asyncio.Event()

    async def __call__(self, command: Command) -> dict[str, Any]:
        self.missing -= 1
        if self.missing == 0:
            self.all_out.set()
        await asyncio.wait_for(self.all_out.wait(), 5)
        return {"did": command.step}


def test_steps_of_a_group_are_called_at_the_same_time(engine: World) -> None:
    together = Together(3)
    for name in ("a", "b", "c"):
        engine.will(name, together)
    saga = start(group("a", "b", "c"))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert engine.calls[0] == "one"
    assert sorted(engine.calls[1:4]) == ["a", "b", "c"]
    assert engine.calls[4] == "last"


def test_the_next_stage_sees_the_outputs_of_the_whole_group(engine: World) -> None:
    engine.will("a", {"ref": "A"})
    engine.will("b", {"ref": "B"})
    start(group("a", "b"))
    run_until_quiet()
    assert engine.commands[-1].input["outputs"] == {"one": {"did": "one"}, "a": {"ref": "A"}, "b": {"ref": "B"}}


def test_steps_side_by_side_do_not_see_each_others_outputs(engine: World) -> None:
    start(group("a", {"name": "b"}))
    run_until_quiet()
    assert [set(command.input["outputs"]) for command in engine.commands[1:3]] == [{"one"}, {"one"}]


def test_a_sibling_that_is_out_is_settled_then_stages_are_undone_in_reverse(engine: World) -> None:
    refused = asyncio.Event()

    async def refuse(_command: Command) -> None:
        refused.set()
        raise no()

    async def slow(_command: Command) -> dict[str, str]:
        await refused.wait()
        await asyncio.sleep(0.05)  # ends after the refusal has been recorded
        return {"late": "success"}

    engine.will("a", refuse)
    engine.will("b", slow)
    saga = start(group("a", "b"))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert sorted(engine.calls[3:5]) == ["-a", "-b"]
    assert engine.calls[5:] == ["-one"]
    undone = next(c for c in engine.commands if c.step == "b" and c.direction == "compensation")
    assert undone.output == {"late": "success"}
    assert steps_of(saga) == {"one": "compensated", "a": "compensated", "b": "compensated", "last": "pending"}


def test_a_sibling_in_backoff_gets_no_further_try(engine: World) -> None:
    tried = asyncio.Event()

    async def in_doubt_once(command: Command) -> None:
        tried.set()
        await NOTHING(command)

    async def refuse_then(_command: Command) -> None:
        await tried.wait()
        await asyncio.sleep(0.05)
        raise no()

    slow_retry = {"max_attempts": 5, "initial": 3600, "factor": 1, "max": 3600}
    engine.will("a", refuse_then)
    engine.will("b", in_doubt_once)
    saga = start(group("a", {"name": "b", "retry": slow_retry}))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.calls.count("b") == 1
    assert "-b" in engine.calls


def test_a_retry_of_one_sibling_does_not_wait_for_the_other(engine: World) -> None:
    second_try = asyncio.Event()

    async def waits(_command: Command) -> dict[str, bool]:
        await asyncio.wait_for(second_try.wait(), 5)
        return {"waited": True}

    async def now(_command: Command) -> dict[str, bool]:
        second_try.set()
        return {"second": True}

    engine.will("a", NOTHING, now)
    engine.will("b", waits)
    quick = {"max_attempts": 3, "initial": 0.01, "factor": 1, "max": 0.01}
    saga = start(group({"name": "a", "retry": quick}, "b"))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert [number for number, _outcome in outcomes(saga)].count(2) == 1


def test_stuck_comes_when_the_last_call_of_the_stage_has_ended(engine: World) -> None:
    failed = asyncio.Event()
    seen: list[str] = []

    async def fail(command: Command) -> None:
        failed.set()
        await NOTHING(command)

    async def slow(command: Command) -> dict[str, str]:
        await failed.wait()
        await asyncio.sleep(0.05)
        seen.append(await _status(command))
        return {"kept": "yes"}

    once = {"max_attempts": 1, "initial": 0, "factor": 1, "max": 0}
    engine.will("a", fail)
    engine.will("b", slow)
    saga = start(group({"name": "a", "retry": once, "on_exhausted": "hold"}, "b"))
    run_until_quiet()
    assert seen == ["running"]
    assert again(saga).status == SagaStatus.STUCK
    assert steps_of(saga) == {"one": "succeeded", "a": "failed", "b": "succeeded", "last": "pending"}


async def _status(command: Command) -> str:
    async with await connect("a test") as connection:
        cursor = await connection.execute("SELECT status FROM orchestration_saga WHERE id = %s", [command.saga_id])
        [(status,)] = await cursor.fetchall()
    return str(status)


def test_undos_of_one_stage_go_out_together(engine: World) -> None:
    together = Together(2)
    engine.will("a", together, direction="compensation")
    engine.will("b", together, direction="compensation")
    engine.will("last", no())
    saga = start(group("a", "b"))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED


def test_the_first_stage_may_be_a_group(engine: World) -> None:
    together = Together(2)
    engine.will("a", together)
    engine.will("b", together)
    saga = start(define({"parallel": ["a", "b"]}))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    launched = Event.objects.get(saga=saga, seq=1)
    assert launched.moves == "0:pending>due 1:pending>due"


def test_both_calls_of_a_stage_lost_with_their_worker_are_made_again(engine: World) -> None:
    """A drain that is told to stop gives both up; the next one makes both again, with the same keys."""
    stop = [False]

    async def stops(_command: Command) -> None:
        stop[0] = True
        await asyncio.Event().wait()

    engine.will("a", stops)
    engine.will("b", stops)
    saga = start(group("a", "b"))
    one = drain(stop=lambda: stop[0])
    run(one)
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    keys = [command.key for command in engine.commands if command.step in ("a", "b")]
    assert len(keys) == 4
    assert len(set(keys)) == 2


def test_a_step_whose_condition_is_false_is_neither_called_nor_undone(engine: World) -> None:
    engine.will("last", no())
    saga = start(define("one", {"name": "gift", "when": "input.gift"}, "last"), gift=False)
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.calls == ["one", "last", "-last", "-one"]
    assert steps_of(saga)["gift"] == "skipped"


def test_a_step_whose_condition_holds_is_called(engine: World) -> None:
    engine.will("one", {"risk": 7})
    saga = start(define("one", {"name": "check", "when": "outputs.one.risk > `5`"}))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert engine.calls == ["one", "check"]


def test_a_condition_that_fails_at_run_time_is_a_refusal_with_its_reason(engine: World) -> None:
    saga = start(define("one", {"name": "check", "when": "sum(input.numbers) > `1`"}), numbers=["x"])
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.calls == ["one", "-one"]
    error = saga.steps.get(name="check").error or {}
    assert error["code"] == "mapping"


def test_a_saga_of_which_every_step_is_skipped_is_completed(engine: World) -> None:
    saga = start(define({"name": "one", "when": "input.wanted"}, {"name": "two", "when": "input.wanted"}))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert engine.calls == []


def test_a_call_that_ended_while_its_sibling_was_recorded_is_not_made_again(engine: World) -> None:
    """The row is locked until the record of a's answer waits for it; b ends meanwhile."""
    held: list[Connection] = []

    async def lock_the_row(command: Command) -> dict[str, bool]:
        held.append(await connect("a test"))
        await held[0].execute("BEGIN")
        await held[0].execute("SELECT FROM orchestration_saga WHERE id = %s FOR UPDATE", [command.saga_id])
        return {"done": True}

    async def end_meanwhile(_command: Command) -> dict[str, bool]:
        while not held or not await _somebody_waits_for_a_lock():  # noqa: ASYNC110  the database sets no event
            await asyncio.sleep(0.01)
        asyncio.get_running_loop().call_later(0.05, lambda: asyncio.create_task(held[0].close()))
        return {"done": True}

    engine.will("a", lock_the_row)
    engine.will("b", end_meanwhile)
    saga = start(define({"parallel": ["a", "b"]}))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert engine.calls == ["a", "b"]


async def _somebody_waits_for_a_lock() -> bool:
    async with await connect("a test") as connection:
        cursor = await connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        [(number,)] = await cursor.fetchall()
    return int(number) > 0
