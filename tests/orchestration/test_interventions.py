"""Operators, pauses, stops and bad rows, while the real drain is at work."""

import asyncio
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from orchestration import advance
from orchestration.core import definitions
from orchestration.core.states import SagaStatus
from orchestration.models import Participant, Saga
from orchestration.operator_actions import Conflict, preview
from orchestration.participants.messages import Command
from orchestration.sweep import sweep
from tests.orchestration.scripted import (
    NOTHING,
    World,
    act,
    act_elsewhere,
    admin,
    again,
    define,
    drain,
    never,
    outcomes,
    run,
    run_until_quiet,
    start,
    steps_of,
)


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
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED


@pytest.mark.parametrize(
    ("beside", "step", "status"),
    [
        pytest.param({"approval": {"timeout": 60}}, "failed", SagaStatus.COMPENSATED, id="an approval"),
        pytest.param({"wait": 60}, "succeeded", SagaStatus.RUNNING, id="a timer"),
    ],
)
def test_a_parked_saga_notices_the_end_of_what_needs_no_call(
    engine: World, beside: dict[str, Any], step: str, status: SagaStatus
) -> None:
    """Beside a step whose participant is paused."""
    Participant.objects.create(name="away", transport="function", paused=True)
    saga = start(define({"parallel": [{"name": "ask", **beside}, {"name": "two", "participant": "away"}]}))
    run_until_quiet()
    assert (again(saga).parked_on, sweep().unparked) == ("participant:away", 0)
    saga.steps.filter(name="ask").update(due_at=Now())
    assert sweep().unparked == 1
    run_until_quiet()
    assert (steps_of(saga)["ask"], again(saga).status, sweep().unparked) == (step, status, 0)


def test_a_parked_saga_past_its_pivot_is_told_of_its_deadline_once(engine: World) -> None:
    Participant.objects.create(name="away", transport="function")
    saga = start(define({"name": "one", "pivot": True}, {"name": "two", "participant": "away"}))
    Participant.objects.filter(name="away").update(paused=True)
    run_until_quiet()
    assert again(saga).parked_on == "participant:away"
    Saga.objects.update(deadline_at=Now())
    assert sweep().unparked == 1
    run_until_quiet()
    assert (again(saga).overdue, saga.parked_on) == (True, "participant:away")
    assert sweep().unparked == 0
    Participant.objects.filter(name="away").update(paused=False)
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


@pytest.mark.parametrize(("depth", "outcome"), [(256, "succeeded"), (257, "in_doubt"), (944, "in_doubt")])
def test_an_answer_that_is_nested_too_deeply_is_invalid_and_ends_no_drain(
    engine: World, depth: int, outcome: str
) -> None:
    """944 deep could be written, and not be read again: each drain that claimed the saga died of it."""
    nested: list[Any] = []
    for _level in range(depth - 1):
        nested = [nested]
    engine.will("one", nested)
    saga = start(define("one", {"name": "cool-down", "wait": 0.05}, "two"))
    run_until_quiet()
    assert outcomes(saga)[0] == (1, outcome)
    assert again(saga).status == SagaStatus.COMPLETED


def test_after_what_cannot_be_stored_nothing_more_is_called(engine: World) -> None:
    engine.will("one", {"bad": "\0"})
    saga = start(define("one", "two"))
    run_until_quiet()
    assert again(saga).status == SagaStatus.STUCK
    assert engine.calls == ["one"]


def test_what_cannot_be_stored_after_somebody_else_wrote_hurts_no_other_saga(engine: World) -> None:
    """Two sagas are paused while their calls are out; one of the answers cannot be stored."""

    def paused_meanwhile(answer: Any) -> Any:
        async def call(command: Command) -> Any:
            await asyncio.to_thread(act_elsewhere, "pause", Saga(pk=command.saga_id))
            return answer

        return call

    engine.will("one", paused_meanwhile({"bad": "\0"}), paused_meanwhile({"good": 1}))
    name = define("one", "two")
    sagas = [start(name), start(name)]
    run_until_quiet()
    assert sorted(outcomes(saga) for saga in sagas) == [[(1, "in_doubt")], [(1, "succeeded")]]
    for saga in sagas:
        act("resume", saga)
    run_until_quiet()
    assert [again(saga).status for saga in sagas] == [SagaStatus.COMPLETED] * 2


def test_told_to_stop_a_drain_settles_for_a_moment_and_gives_back_the_rest(engine: World) -> None:
    engine.will("one", never)
    saga = start(define({"name": "one", "timeout": 600}))
    summary = run(drain(slice_seconds=60, stop=lambda: bool(engine.calls)))
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


def test_a_claim_is_never_in_vain(engine: World) -> None:
    """What is due by the database's clock is due by the drain's: else a claim would find nothing to do."""
    name = define("one")
    sagas = [start(name) for _number in range(60)]
    engine.will("one", *[NOTHING, NOTHING, NOTHING, {}] * 30)  # an answer now and then keeps the circuit closed
    run_until_quiet()
    for saga in sagas:
        assert not saga.events.filter(kind="claimed", moves="").exists()


def test_a_saga_that_cannot_be_claimed_is_stuck_alone_and_the_rest_of_its_batch_goes_on(engine: World) -> None:
    name = define("one")
    sagas = [start(name) for _number in range(8)]
    guilty = sagas[3]
    # Its lost try is there already, so that to note it again breaks the key.
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE orchestration_saga SET status = 'running', started_at = created_at WHERE id = %s", [guilty.pk]
        )
        cursor.execute(
            "UPDATE orchestration_step SET status = 'running', action_attempts = 1, due_at = NULL WHERE saga_id = %s",
            [guilty.pk],
        )
        cursor.execute(
            """INSERT INTO orchestration_attempt (saga_id, position, direction, number, epoch, started_at, finished_at,
               outcome, fault) VALUES (%s, 0, 'action', 1, 0, now(), now(), 'lost', '')""",
            [guilty.pk],
        )
    run_until_quiet()
    assert sorted(again(saga).status for saga in sagas) == [SagaStatus.COMPLETED] * 7 + [SagaStatus.STUCK]
    assert again(guilty).stuck_code == "cannot_go_on"


def test_a_try_that_has_ended_is_kept_when_the_rules_fail_on_its_answer(
    engine: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_what: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(advance, "owned", broken)
    saga = start(define("one"))
    run(drain())
    assert again(saga).stuck_code == "cannot_go_on"
    assert outcomes(saga) == [(1, "succeeded")]


def test_a_saga_that_cannot_be_read_is_stuck_alone_and_the_rest_of_its_batch_goes_on(engine: World) -> None:
    sagas = [start(define("one")) for _number in range(4)]
    guilty = sagas[1]
    with connection.cursor() as cursor:  # a step that its definition does not have
        cursor.execute("UPDATE orchestration_step SET position = 7 WHERE saga_id = %s", [guilty.pk])
    run_until_quiet()
    assert sorted(again(saga).status for saga in sagas) == [SagaStatus.COMPLETED] * 3 + [SagaStatus.STUCK]
    assert (again(guilty).stuck_code, guilty.drain_id, guilty.due_at) == ("cannot_go_on", None, None)
    assert guilty.events.order_by("-seq").values_list("kind", "status")[0] == ("cannot_go_on", "stuck")


def test_sagas_of_a_definition_that_cannot_be_read_are_stuck_alone(
    engine: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an update of the orchestrator whose parser takes less than the last one's."""
    good, bad = start(define("one")), start(define("two", name="bad"))
    parse = definitions.parse

    def stricter(document: Any) -> Any:
        if document["name"] == "bad":
            raise ValueError("not any more")
        return parse(document)

    monkeypatch.setattr(definitions, "parse", stricter)
    run_until_quiet()
    assert again(good).status == SagaStatus.COMPLETED
    assert (again(bad).status, bad.stuck_code) == (SagaStatus.STUCK, "cannot_go_on")
