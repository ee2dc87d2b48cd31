"""Acts on sagas whose calls are out for long: decided at once, and the answer that comes later is kept, no more."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median
from time import monotonic
from typing import Any

import pytest
from django.db import connections

from orchestration import queries
from orchestration.core.states import SagaStatus
from orchestration.models import Saga
from orchestration.participants.messages import Command
from tests.cast import Api, Cast
from tests.orchestration.scripted import World, act, again, define, drain, run, run_until_quiet, start, steps_of

AT_ONCE_SECONDS = 0.2
LOOK_SECONDS = 0.02  # what a page of one saga takes at most, where nothing else is to do
CALL_SECONDS = 20


@dataclass
class Held:
    """Calls of step two that are out until somebody lets them go; what is then answered."""

    wanted: int
    arrived: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)
    all_out: Future[asyncio.AbstractEventLoop] = field(default_factory=Future)

    async def __call__(self, command: Command) -> dict[str, str]:
        self.arrived += 1
        if self.arrived == self.wanted:
            self.all_out.set_result(asyncio.get_running_loop())
        await self.released.wait()
        return {"ref": command.saga_id.hex}


def meanwhile(engine: World, sagas: int, acts: Callable[[list[Saga]], list[float]]) -> tuple[list[Saga], list[float]]:
    """Launch, let the real drain call step two of every saga, do `acts` while all calls are out, then let them go.

    The seconds that the acts took are those of an idle machine: where a look takes longer than there, so may an act.
    """
    held = Held(sagas)
    engine.will("two", *[held] * sagas)
    name = define("one", {"name": "two", "timeout": CALL_SECONDS}, "three")
    launched = [start(name) for _number in range(sagas)]

    def operate() -> list[float]:
        loop = held.all_out.result()
        try:
            Api(None).get("/sagas")  # what only a process's first request costs is not the act's
            looks = [timed_look(saga) for saga in launched]
            slowness = max(1, median(looks) / LOOK_SECONDS)
            return [seconds / slowness for seconds in acts([again(saga) for saga in launched])]
        finally:
            loop.call_soon_threadsafe(held.released.set)
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        operating = pool.submit(operate)
        run(drain(slice_seconds=5, stop=operating.done))
        seconds = operating.result()
    run_until_quiet()
    return [again(saga) for saga in launched], seconds


def timed(api: Api, saga: Saga, name: str, *, status: int = 200, **more: Any) -> float:
    """Seconds until the act over REST is answered, which must be with `status`."""
    began = monotonic()
    answer = api.post(f"/sagas/{saga.pk}/{name}", {"reason": "cannot wait", **more})
    seconds = monotonic() - began
    assert answer.status_code == status, answer.content
    return seconds


def timed_look(saga: Saga) -> float:
    began = monotonic()
    queries.saga_for_page(saga.pk)
    return monotonic() - began


def at_once(seconds: list[float]) -> bool:
    """Each act on all of ten sagas but one: a machine that is busy with other tests may be late once."""
    assert len(seconds) == 10
    return sorted(seconds)[-2] < AT_ONCE_SECONDS


def kept(saga: Saga) -> dict[str, Any]:
    """The late answer of step two, as its attempt has it."""
    attempt = saga.attempts.get(position=1, direction="action")
    assert (attempt.number, attempt.outcome) == (1, "succeeded")
    assert isinstance(attempt.answer, dict)
    return attempt.answer


def test_compensate_is_decided_at_once_and_the_late_answer_is_undone(engine: World, cast: Cast) -> None:
    sagas, seconds = meanwhile(
        engine, 10, lambda sagas: [timed(cast.operator.api, saga, "compensate") for saga in sagas]
    )
    assert at_once(seconds), seconds
    for saga in sagas:
        assert saga.status == SagaStatus.COMPENSATED
        assert kept(saga) == {"ref": saga.pk.hex}
    undos = [one for one in engine.commands if (one.step, one.direction) == ("two", "compensation")]
    assert sorted(one.output["ref"] for one in undos) == sorted(saga.pk.hex for saga in sagas)
    assert "three" not in engine.calls


def test_pause_is_decided_at_once_and_the_late_answer_waits_for_resume(engine: World, cast: Cast) -> None:
    sagas, seconds = meanwhile(engine, 10, lambda sagas: [timed(cast.operator.api, saga, "pause") for saga in sagas])
    assert at_once(seconds), seconds
    for saga in sagas:
        assert saga.paused
        assert steps_of(saga) == {"one": "succeeded", "two": "succeeded", "three": "due"}
        assert kept(saga) == {"ref": saga.pk.hex}
    assert "three" not in engine.calls
    for saga in sagas:
        act("resume", saga)
    run_until_quiet()
    assert {again(saga).status for saga in sagas} == {SagaStatus.COMPLETED}
    assert engine.calls.count("three") == 10


def test_abandon_is_decided_at_once_and_the_late_answer_is_kept_and_nothing_else(engine: World, cast: Cast) -> None:
    def pause_and_abandon(sagas: list[Saga]) -> list[float]:
        api = cast.admin.api
        return [
            max(timed(api, saga, "pause"), timed(api, saga, "abandon", confirm=str(saga.pk))) for saga in sagas
        ]  # fmt: skip

    sagas, seconds = meanwhile(engine, 10, pause_and_abandon)
    assert at_once(seconds), seconds
    for saga in sagas:
        assert saga.status == SagaStatus.ABANDONED
        assert kept(saga) == {"ref": saga.pk.hex}
        assert steps_of(saga) == {"one": "succeeded", "two": "failed", "three": "pending"}
        assert queries.open_effects(queries.saga_for_page(saga.pk)) == ["one", "two"]
    assert sorted(set(engine.calls)) == ["one", "two"]


@pytest.mark.parametrize("refused", ["retry", "skip"])
def test_what_does_not_fit_while_a_call_is_out_is_refused_at_once(engine: World, cast: Cast, refused: str) -> None:
    def try_it(sagas: list[Saga]) -> list[float]:
        return [timed(cast.operator.api, saga, refused, status=409) for saga in sagas]

    sagas, seconds = meanwhile(engine, 10, try_it)
    assert at_once(seconds), seconds
    assert {saga.status for saga in sagas} == {SagaStatus.COMPLETED}


def test_a_pause_and_a_resume_while_the_call_is_out_change_nothing_of_its_answer(engine: World, cast: Cast) -> None:
    def there_and_back(sagas: list[Saga]) -> list[float]:
        api = cast.operator.api
        return [timed(api, saga, name) for saga in sagas for name in ("pause", "resume")]

    sagas, seconds = meanwhile(engine, 5, there_and_back)
    assert at_once(seconds), seconds
    for saga in sagas:
        assert saga.status == SagaStatus.COMPLETED
        assert kept(saga) == {"ref": saga.pk.hex}
    assert engine.calls == ["one"] * 5 + ["two"] * 5 + ["three"] * 5
