"""Cases that sagas are bought for, through the real engine, each checked against the participant's own ledger."""

import asyncio
import random
from typing import Any

import pytest

from orchestration.core.states import SagaStatus
from orchestration.models import Participant, Saga
from orchestration.operator_actions import Conflict
from orchestration.participants.messages import Command
from tests.orchestration.bookkeeper import BOOKS, Books
from tests.orchestration.scripted import (
    NOTHING,
    World,
    act,
    act_elsewhere,
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

IMPATIENT = {"action": "bookkeeper", "compensation": "bookkeeper", "timeout": 0.05}


@pytest.fixture
def books(engine: World) -> Books:
    BOOKS.clear()
    return BOOKS


def kept(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [{"name": name, **IMPATIENT, **more} for name in names]


def test_a_single_step_is_completed_with_one_effect(books: Books) -> None:
    saga = start(define(*kept("one")))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert books.effects == [f"{saga.pk}:one:action"]


def test_a_single_step_that_is_refused_is_compensated_itself(engine: World) -> None:
    engine.will("one", no())
    saga = start(define("one"))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.calls == ["one", "-one"]


def test_a_timeout_with_effect_is_repeated_and_has_one_effect(books: Books) -> None:
    books.will("one", "lost reply")
    saga = start(define(*kept("one")))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert books.calls == ["one", "one"]
    assert books.effects == [f"{saga.pk}:one:action"]


def test_a_timeout_without_effect_is_repeated_and_has_one_effect(books: Books) -> None:
    books.will("one", "lost request")
    saga = start(define(*kept("one")))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert books.effects == [f"{saga.pk}:one:action"]


def test_in_doubt_with_effect_to_the_last_try_leaves_nothing_standing(books: Books) -> None:
    books.will("two", "lost reply", "lost reply", "lost reply")
    saga = start(define(*kept("one", "two")))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert books.calls == ["one", "two", "two", "two", "-two", "-one"]
    assert books.standing() == set()


def test_in_doubt_without_effect_to_the_last_try_gives_an_empty_compensation(books: Books) -> None:
    books.will("two", "lost request", "lost request", "lost request")
    saga = start(define(*kept("one", "two")))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert books.effects == [f"{saga.pk}:one:action", f"{saga.pk}:one:compensation"]


def test_an_action_that_arrives_after_its_compensation_is_refused(books: Books) -> None:
    """The request of the lost try is still on its way when the saga is undone, and comes too late."""
    books.will("one", "lost request", "lost request", "lost request")
    saga = start(define(*kept("one")))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    late = Command(
        saga.pk, "story", "", "one", "action", "bookkeeper", "scripted", 1, 1, 5.0, {}, None, ask_first=False
    )
    with pytest.raises(Exception, match="its compensation came first"):
        asyncio.run(books.serve(late))
    assert books.effects == []


def test_an_undo_whose_answer_was_lost_has_one_effect(books: Books, engine: World) -> None:
    books.will("one", "lost reply", "error", direction="compensation")
    engine.will("two", no())
    saga = start(define(*kept("one"), "two"))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert books.calls == ["one", "-one", "-one", "-one"]
    assert books.effects == [f"{saga.pk}:one:action", f"{saga.pk}:one:compensation"]


def test_an_undo_that_fails_once_is_tried_again(engine: World) -> None:
    engine.will("two", no())
    engine.will("one", NOTHING, direction="compensation")
    saga = start(define("one", "two"))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert outcomes(saga, "compensation") == [(1, "in_doubt"), (2, "succeeded"), (1, "succeeded")]


def test_an_undo_that_is_stuck_holds_the_ones_before_it(engine: World) -> None:
    engine.will("three", no())
    engine.will("two", no(), direction="compensation")
    saga = start(define("one", "two", "three"))
    run_until_quiet()
    assert again(saga).status == SagaStatus.STUCK
    assert engine.calls == ["one", "two", "three", "-three", "-two"]
    act("retry", saga)
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.calls[5:] == ["-two", "-one"]


def test_a_refused_step_that_asks_for_no_undo_then_is_spared(engine: World) -> None:
    engine.will("two", no())
    saga = start(define("one", {"name": "two", "compensate_when_refused": False}))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.calls == ["one", "two", "-one"]


def test_it_is_not_spared_when_an_earlier_try_was_in_doubt(engine: World) -> None:
    engine.will("two", NOTHING, no())
    saga = start(define("one", {"name": "two", "compensate_when_refused": False}))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.calls == ["one", "two", "two", "-two", "-one"]


def test_the_deadline_does_not_stop_a_compensation(engine: World) -> None:
    async def slow(_command: Command) -> None:
        await asyncio.sleep(1.2)

    engine.will("two", no())
    engine.will("two", slow, direction="compensation")
    saga = start(define("one", "two", deadline=1))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.calls == ["one", "two", "-two", "-one"]
    assert saga.finished_at is not None
    assert saga.finished_at > saga.deadline_at


def test_on_the_finish_line_there_is_exactly_one_end(engine: World) -> None:
    """Twenty sagas whose last answer comes around their deadline: each is completed or compensated, never both."""

    def after(seconds: float) -> Any:
        async def answer(_command: Command) -> dict[str, bool]:
            await asyncio.sleep(seconds)
            return {"done": True}

        return answer

    engine.will("one", *(after(0.9 + number / 100) for number in range(20)))
    name = define("one", deadline=1)
    sagas = [start(name) for _number in range(20)]
    run_until_quiet()
    undone = {command.saga_id for command in engine.commands if command.direction == "compensation"}
    for saga in sagas:
        ends = [event.status for event in saga.events.all() if event.status in ("completed", "compensated")]
        assert ends == [again(saga).status]
        assert (saga.status == SagaStatus.COMPENSATED) == (saga.pk in undone)


def test_the_deadline_while_paused_turns_back_and_the_undos_wait_for_resume(engine: World) -> None:
    engine.will("two", NOTHING)
    slow = {"max_attempts": 3, "initial": 3600, "factor": 1, "max": 3600}
    saga = start(define("one", {"name": "two", "retry": slow}))
    run_until_quiet()
    calls = list(engine.calls)
    act("pause", saga)
    Saga.objects.filter(pk=saga.pk).update(deadline_at=saga.created_at, due_at=saga.created_at)
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATING
    assert engine.calls == calls
    act("resume", saga)
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED


def test_pause_with_a_call_out_records_its_answer_and_calls_nothing_more(engine: World) -> None:
    async def paused_meanwhile(command: Command) -> dict[str, bool]:
        await asyncio.to_thread(act_elsewhere, "pause", Saga(pk=command.saga_id))
        return {"done": True}

    engine.will("one", paused_meanwhile)
    saga = start(define("one", "two"))
    run_until_quiet()
    assert again(saga).paused
    assert steps_of(saga) == {"one": "succeeded", "two": "due"}
    assert outcomes(saga) == [(1, "succeeded")]
    assert engine.calls == ["one"]


def test_a_retry_on_an_ended_saga_is_refused(engine: World) -> None:
    saga = start(define("one"))
    run_until_quiet()
    with pytest.raises(Conflict, match="has ended"):
        act("retry", saga)
    assert engine.calls == ["one"]


def test_a_running_saga_stays_on_its_version_and_a_new_one_takes_the_newest(engine: World) -> None:
    old = start(define("one", {"name": "cool-down", "wait": 0.2}, "two"))
    run_until_quiet_once()
    new = start(define("one", "three"))
    run_until_quiet()
    assert (again(old).definition.version, again(new).definition.version) == (1, 2)
    assert (old.status, new.status) == (SagaStatus.COMPLETED, SagaStatus.COMPLETED)
    assert [c.step for c in engine.commands if c.saga_id == old.pk] == ["one", "two"]
    assert [c.step for c in engine.commands if c.saga_id == new.pk] == ["one", "three"]


def run_until_quiet_once() -> None:
    run(drain())


def test_a_saga_whose_participant_is_gone_is_held_with_a_reason_and_goes_on_when_it_is_back(engine: World) -> None:
    saga = start(define("one"))
    Participant.objects.filter(name="scripted").update(name="elsewhere")
    run_until_quiet_once()
    assert (again(saga).status, saga.parked_on) == (SagaStatus.PENDING, "participant:scripted")
    assert engine.calls == []
    Participant.objects.filter(name="elsewhere").update(name="scripted")
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED


def test_the_engines_rows_agree_with_the_ledger_over_many_random_mishaps(books: Books) -> None:
    """Sixty sagas of three steps, each call of which may be lost either way."""
    luck = random.Random(4711)
    for step in ("one", "two", "three"):
        for direction in ("action", "compensation"):
            mishaps = luck.choices(["", "lost reply", "lost request", "error"], [7, 1, 1, 1], k=80)
            books.will(step, *mishaps, direction=direction)
    name = define(*kept("one", "two", "three", compensation_retry={"max_attempts": 9, "initial": 0.01, "max": 0.01}))
    sagas = [start(name) for _number in range(60)]
    run_until_quiet()
    for saga in sagas:
        mine = [key.split(":", 1)[1] for key in books.effects if key.startswith(str(saga.pk))]
        assert len(mine) == len(set(mine))
        done = {key.split(":")[0] for key in mine if key.endswith("action")}
        undone = {key.split(":")[0] for key in mine if key.endswith("compensation")}
        if again(saga).status == SagaStatus.COMPLETED:
            assert (done, undone) == ({"one", "two", "three"}, set())
        else:
            assert (saga.status, done - undone) == (SagaStatus.COMPENSATED, set())
