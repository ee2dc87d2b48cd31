"""Stories of single sagas through the real drain and store."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection, connections

from orchestration.core.states import SagaStatus
from orchestration.models import Participant, Saga
from orchestration.operator_actions import Conflict, perform, preview
from orchestration.participants.messages import Command
from orchestration.sweep import sweep
from tests.orchestration.scripted import (
    FAST,
    World,
    admin,
    define,
    drain,
    never,
    no,
    outcomes,
    run,
    run_until_quiet,
    start,
    steps_of,
)


async def NOTHING(_command: Command) -> None:  # noqa: N802  reads as a value in the scripts
    """The call ends without an answer: nobody knows what came of it."""
    raise RuntimeError("nobody knows")


def act(name: str, saga: Saga, **more: object) -> Saga:
    return perform(name, saga_id=saga.pk, actor=admin(), reason="because", **more)  # type: ignore[arg-type]


def act_elsewhere(name: str, saga: Saga) -> Saga:
    """From another thread, as the web process would while the drain is busy."""
    try:
        return act(name, saga)
    finally:
        connections.close_all()


def again(saga: Saga) -> Saga:
    saga.refresh_from_db()
    return saga


def test_all_steps_in_order_then_completed(engine: World) -> None:
    saga = start(define("one", "two", "three"))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert engine.calls == ["one", "two", "three"]
    assert saga.finished_at is not None
    assert saga.due_at is saga.drain_id is None


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
    assert saga.attempts.get().error["code"] == "mapping"


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


def test_pause_keeps_calls_back_and_resume_lets_them_go(engine: World) -> None:
    async def pause_meanwhile(_command: Command) -> None:
        await asyncio.to_thread(act_elsewhere, "pause", saga)

    engine.will("one", pause_meanwhile)
    saga = start(define("one", "two"))
    run_until_quiet()
    assert engine.calls == ["one"]
    assert steps_of(saga) == {"one": "succeeded", "two": "due"}
    act("resume", saga)
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED


def test_compensate_while_a_call_is_out_is_decided_at_once_and_the_late_success_is_undone(engine: World) -> None:
    seen = []

    async def compensate_meanwhile(_command: Command) -> dict[str, int]:
        seen.append((await asyncio.to_thread(act_elsewhere, "compensate", saga)).status)
        return {"ref": 1}

    engine.will("two", compensate_meanwhile)
    saga = start(define("one", "two", "three"))
    run_until_quiet()
    assert seen == [SagaStatus.COMPENSATING]
    assert engine.calls == ["one", "two", "-two", "-one"]
    assert engine.commands[2].output == {"ref": 1}
    assert again(saga).status == SagaStatus.COMPENSATED


def test_an_act_on_an_old_revision_is_refused_and_names_who_changed_it(engine: World) -> None:
    engine.will("one", NOTHING, NOTHING, NOTHING)
    saga = start(define({"name": "one", "on_exhausted": "hold"}))
    run_until_quiet()
    revision = again(saga).revision
    act("retry", saga, revision=revision)
    with pytest.raises(Conflict, match="has changed since you looked") as conflict:
        act("compensate", saga, revision=revision)
    assert conflict.value.changed_by == "admin"
    assert conflict.value.saga.status == SagaStatus.RUNNING


def test_the_preview_names_the_calls_in_the_order_in_which_they_then_happen(engine: World) -> None:
    engine.will("three", NOTHING, NOTHING, NOTHING)
    saga = start(define("one", "two", {"name": "three", "on_exhausted": "hold"}))
    run_until_quiet()
    planned = preview("compensate", saga_id=saga.pk, actor=admin())
    engine.calls.clear()
    act("compensate", saga)
    run_until_quiet()
    assert [f"-{call.step}" for call in planned.calls] == engine.calls == ["-three", "-two", "-one"]


def test_a_paused_participant_parks_its_sagas_until_it_is_free(engine: World) -> None:
    saga = start(define("one"))
    Participant.objects.filter(name="scripted").update(paused=True)
    run_until_quiet()
    assert again(saga).parked_on == "participant:scripted"
    Participant.objects.filter(name="scripted").update(paused=False)
    assert sweep().unparked == 1
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED


def test_what_cannot_be_stored_makes_one_saga_stuck_and_hurts_no_other(engine: World) -> None:
    name = define("one")
    engine.will("one", {"text": "a\0b"})
    sagas = [start(name) for _number in range(8)]
    run_until_quiet()
    ends = sorted(again(saga).status for saga in sagas)
    assert ends == [SagaStatus.COMPLETED] * 7 + [SagaStatus.STUCK]
    [stuck] = [saga for saga in sagas if saga.status == SagaStatus.STUCK]
    assert stuck.stuck_reason == "its answer could not be recorded"


def test_told_to_stop_a_drain_settles_for_a_moment_and_gives_back_the_rest(engine: World) -> None:
    engine.will("one", never)
    saga = start(define({"name": "one", "timeout": 600}))
    stop = iter([False, False, False, False])
    summary = run(drain(stop=lambda: next(stop, True)))
    assert summary.stopped
    assert again(saga).drain_id is None
    assert outcomes(saga) == [(1, "lost")]
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert saga.steps.get().tries == 1


def test_many_sagas_share_few_transactions(engine: World) -> None:
    name = define("one", "two", "three")
    for _number in range(300):
        start(name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT xmin::text) FROM orchestration_attempt")
        assert cursor.fetchone()[0] == 0
        run_until_quiet()
        cursor.execute("SELECT count(DISTINCT xmin::text), count(*) FROM orchestration_attempt")
        transactions, attempts = cursor.fetchone()
    assert attempts == 900
    assert transactions < 60


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


def test_a_claim_is_never_in_vain(engine: World) -> None:
    """What is due by the database's clock is due by the drain's: else a claim would find nothing to do."""
    engine.will("one", *[NOTHING] * 2)
    name = define("one")
    sagas = [start(name) for _number in range(60)]
    engine.will("one", *[NOTHING] * 120)
    run_until_quiet()
    for saga in sagas:
        assert not saga.events.filter(kind="claimed", moves="").exists()
