"""Stories of single sagas through the real drain and store."""

import asyncio
from datetime import timedelta
from itertools import pairwise

from orchestration.core.states import SagaStatus
from orchestration.participants.messages import Command
from tests.orchestration.scripted import (
    FAST,
    NOTHING,
    World,
    act,
    again,
    define,
    no,
    outcomes,
    run_until_quiet,
    start,
    steps_of,
)


def test_all_steps_in_order_then_completed(engine: World) -> None:
    saga = start(define("one", "two", "three"))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert engine.calls == ["one", "two", "three"]
    assert saga.finished_at is not None
    assert (saga.due_at, saga.drain_id) == (None, None)


def test_step_three_fails_and_three_two_one_are_undone(engine: World) -> None:
    engine.will("three", no())
    saga = start(define("one", "two", "three"))
    run_until_quiet()
    assert engine.calls == ["one", "two", "three", "-three", "-two", "-one"]
    assert again(saga).status == SagaStatus.COMPENSATED


def test_a_step_without_a_compensation_is_left_as_it_is(engine: World) -> None:
    engine.will("three", no())
    saga = start(define("one", {"name": "two", "compensation": None}, "three"))
    run_until_quiet()
    assert engine.calls == ["one", "two", "three", "-three", "-one"]
    assert steps_of(saga) == {"one": "compensated", "two": "succeeded", "three": "compensated"}


def test_a_refusal_is_not_retried(engine: World) -> None:
    engine.will("one", no("no stock"))
    saga = start(define("one"))
    run_until_quiet()
    assert engine.calls == ["one", "-one"]
    assert saga.steps.get().error == {"message": "no stock", "code": "no"}


def test_a_failure_that_passes_is_retried_and_every_try_is_kept(engine: World) -> None:
    engine.will("one", NOTHING, NOTHING)
    saga = start(define("one"))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert outcomes(saga) == [(1, "in_doubt"), (2, "in_doubt"), (3, "succeeded")]
    assert len({command.key for command in engine.commands}) == 1


def test_in_doubt_to_the_last_try_is_compensated_not_forgotten(engine: World) -> None:
    engine.will("one", NOTHING, NOTHING, NOTHING)
    saga = start(define("one"))
    run_until_quiet()
    assert engine.calls == ["one", "one", "one", "-one"]
    assert again(saga).status == SagaStatus.COMPENSATED
    assert saga.steps.get().in_doubt is False


def test_on_exhausted_hold_waits_for_a_human(engine: World) -> None:
    engine.will("one", NOTHING, NOTHING, NOTHING)
    saga = start(define({"name": "one", "on_exhausted": "hold"}))
    run_until_quiet()
    assert (again(saga).status, saga.stuck_code) == (SagaStatus.STUCK, "held")
    act("retry", saga)
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert outcomes(saga)[-1] == (4, "succeeded")


def test_an_undo_that_keeps_failing_is_stuck_with_a_reason_and_retry_ends_it(engine: World) -> None:
    engine.will("two", no())
    engine.will("one", NOTHING, NOTHING, NOTHING, direction="compensation")
    saga = start(define("one", "two"))
    run_until_quiet()
    assert again(saga).status == SagaStatus.STUCK
    assert saga.stuck_reason == "one: could not be undone in 3 tries"
    assert act("retry", saga).status == SagaStatus.COMPENSATING
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED


def test_a_refused_undo_is_stuck_at_once_and_skipping_it_ends_abandoned(engine: World) -> None:
    engine.will("two", no())
    engine.will("two", no("already shipped"), direction="compensation")
    saga = start(define("one", "two"))
    run_until_quiet()
    assert again(saga).stuck_code == "compensation_refused"
    act("skip", saga, step="two")
    run_until_quiet()
    assert again(saga).status == SagaStatus.ABANDONED
    assert engine.calls == ["one", "two", "-two", "-one"]


def test_a_payload_that_cannot_be_made_is_a_refusal_that_was_never_sent(engine: World) -> None:
    saga = start(define({"name": "one", "payload": "sum(input.amounts)"}), amounts="no list")
    run_until_quiet()
    assert engine.calls == []
    assert again(saga).status == SagaStatus.COMPENSATED
    assert saga.attempts.filter(error__code="mapping").count() == 1


def test_later_steps_and_undos_see_what_earlier_steps_answered(engine: World) -> None:
    engine.will("first-one", {"ref": 7})
    engine.will("two", no())
    start(define("first-one", {"name": "two", "payload": '{ref: outputs."first-one".ref}'}))
    run_until_quiet()
    undo_of_two, undo_of_one = engine.commands[2:]
    assert undo_of_two.input == {"ref": 7}
    assert undo_of_two.output is None
    assert undo_of_one.output == {"ref": 7}


def test_the_deadline_ends_a_saga_in_backoff(engine: World) -> None:
    engine.will("one", *[NOTHING] * 50)
    patient = {"max_attempts": 50, "initial": 0.2, "factor": 1, "max": 0.2}
    saga = start(define({"name": "one", "retry": patient}, deadline=1))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert saga.events.filter(reason="deadline passed").exists()


def test_a_call_that_is_out_at_the_deadline_is_settled_then_undone(engine: World) -> None:
    async def slow(_command: Command) -> dict[str, bool]:
        await asyncio.sleep(1.6)
        return {"late": True}

    engine.will("one", slow)
    saga = start(define("one", deadline=1))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.commands[-1].output == {"late": True}


def test_backoff_grows_and_is_jittered(engine: World) -> None:
    engine.will("one", *[NOTHING] * 4)
    name = define({"name": "one", "retry": {**FAST, "max_attempts": 5, "initial": 0.1, "factor": 2, "max": 10}})
    saga = start(name)
    run_until_quiet()
    times = [row.started_at for row in saga.attempts.order_by("number")]
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert len(waits) == 4
    assert all(wait < timedelta(seconds=0.1 * 2**number + 5) for number, wait in enumerate(waits))
    assert len(set(waits)) == 4
