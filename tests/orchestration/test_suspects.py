"""Steps that lost their worker are called apart from everything else: a few at once, or alone."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from django.db.models.functions import Now

from orchestration.drain.connections import connect
from orchestration.drain.lease import Lease
from orchestration.drain.suspects import FEW, Apart
from orchestration.models import Saga, Step
from orchestration.participants.messages import Command
from tests.orchestration.scripted import World, again, define, outcomes, run_until_quiet, start


class Calls:
    """The suspects' calls that are out. Each ends when `awaited` have been out together, or all have begun."""

    def __init__(self, world: World, awaited: int, total: int) -> None:
        self.most = self.out = 0
        self._begun = 0
        self._enough = asyncio.Event()
        self._awaited, self._total = awaited, total
        world.will("suspect", *[self._call] * total)

    async def _call(self, _command: Command) -> dict[str, Any]:
        self._begun += 1
        self.out += 1
        self.most = max(self.most, self.out)
        if self.out >= self._awaited or self._begun == self._total:
            self._enough.set()
        await self._enough.wait()
        self.out -= 1
        return {}


@pytest.fixture
def two_kinds(engine: World) -> None:
    define("suspect", name="suspects")
    define("ordinary", name="ordinary")


def lost_with_its_worker(sagas: Iterable[Saga], *, before: int = 0) -> None:
    """As a drain that was killed has left them, its lease released: `before` are the losses that went before."""
    ids = [saga.pk for saga in sagas]
    Saga.objects.filter(pk__in=ids).update(status="running", epoch=2, due_at=Now(), started_at=Now())
    Step.objects.filter(saga_id__in=ids).update(
        status="running", losses=before, action_attempts=before + 1, tries=1, due_at=None,
        attempt_started_at=Now(), started_at=Now(),
    )  # fmt: skip


def test_a_few_suspects_are_called_at_once_and_nothing_else_beside_them(engine: World, two_kinds: None) -> None:
    suspects = [start("suspects") for _number in range(FEW + 4)]
    lost_with_its_worker(suspects)
    ordinary = [start("ordinary") for _number in range(4)]
    calls = Calls(engine, awaited=FEW, total=FEW + 4)
    beside: list[int] = []

    async def look_around(_command: Command) -> dict[str, Any]:
        beside.append(calls.out)
        return {}

    engine.will("ordinary", *[look_around] * 4)
    run_until_quiet()
    assert {again(saga).status for saga in [*suspects, *ordinary]} == {"completed"}
    assert {tuple(outcomes(saga)) for saga in suspects} == {((1, "lost"), (2, "succeeded"))}
    assert calls.most == FEW
    assert beside == [0] * 4


def test_what_was_lost_twice_is_called_alone(engine: World, two_kinds: None) -> None:
    suspects = [start("suspects") for _number in range(3)]
    lost_with_its_worker(suspects, before=1)
    calls = Calls(engine, awaited=1, total=3)
    run_until_quiet()
    assert {tuple(outcomes(saga)) for saga in suspects} == {((2, "lost"), (3, "succeeded"))}
    assert calls.most == 1


def test_a_call_that_takes_long_does_not_keep_suspects_waiting(engine: World, two_kinds: None) -> None:
    suspects = [start("suspects") for _number in range(3)]
    lost_with_its_worker(suspects)
    ordinary = start("ordinary")
    done = asyncio.Event()

    async def until_the_suspects_are_done(_command: Command) -> dict[str, Any]:
        await done.wait()
        return {}

    async def last(_command: Command) -> dict[str, Any]:
        done.set()
        return {}

    engine.will("ordinary", until_the_suspects_are_done)
    engine.will("suspect", {}, {}, last)
    run_until_quiet()
    assert {tuple(outcomes(saga)) for saga in suspects} == {((1, "lost"), (2, "succeeded"))}
    assert outcomes(ordinary) == [(1, "succeeded")]


def test_only_the_youngest_drain_makes_room_for_suspects(engine: World, two_kinds: None) -> None:
    lost_with_its_worker([start("suspects")])
    Saga.objects.update(parked_on="suspect")
    older, younger = sorted((Lease(), Lease()), key=lambda lease: lease.id)

    async def look() -> None:
        async with await connect("test") as connection:
            for lease in (older, younger):
                await lease.begin(connection)
            for lease in (older, younger):
                await lease.look_for_suspects(connection)

    asyncio.run(look())
    assert (older.waiting, younger.waiting) == (None, Apart.WITH_A_FEW)
