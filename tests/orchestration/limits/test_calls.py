"""Limits over all workers: calls to one participant."""

import asyncio
from typing import Any

from django.db import connection

from orchestration.models import Flow, Grant, Participant, Saga, Step
from orchestration.participants.messages import Command
from orchestration.sweep import sweep
from tests.orchestration.limits.crowd import Crowd, closing, granted, limit, run_to_the_end
from tests.orchestration.scripted import (
    World,
    again,
    define,
    drain_until,
    run_until_quiet,
    start,
    steps_of,
)


def test_no_more_calls_are_out_than_the_participant_takes(engine: World) -> None:
    name = define("one", "two")
    limit(2)
    crowd = Crowd(engine)
    crowd.expect("one", 9)
    crowd.expect("two", 9)
    sagas = [start(name) for _number in range(9)]
    run_to_the_end()
    assert {again(saga).status for saga in sagas} == {"completed"}
    assert crowd.most == 2
    assert granted() == {"scripted": 0}


def test_a_call_that_is_not_made_opens_no_attempt_and_uses_no_try(engine: World) -> None:
    name = define({"parallel": ["one", "two", "three"]})
    limit(1)
    saga = start(name)
    run_to_the_end()
    assert again(saga).status == "completed"
    assert list(saga.steps.values_list("tries", "action_attempts")) == [(1, 1)] * 3
    assert saga.attempts.count() == 3


def test_who_waits_for_a_slot_is_parked_and_says_so(engine: World) -> None:
    name = define("one")
    limit(1)
    sagas = [start(name) for _number in range(3)]
    seen: list[Any] = []

    async def look(_command: Command) -> dict[str, Any]:
        seen.append(await asyncio.to_thread(lambda: closing(_parked)))
        return {}

    engine.will("one", look)
    run_to_the_end()
    assert seen == [["participant:scripted", "participant:scripted"]]
    assert {again(saga).status for saga in sagas} == {"completed"}


def _parked() -> list[str]:
    return [saga.parked_on or "" for saga in Saga.objects.exclude(parked_on=None)]


def test_undos_go_before_actions_and_begun_sagas_before_new_ones(engine: World) -> None:
    name = define("one", "two")
    Participant.objects.update(paused=True)
    new, begun, undoing = (start(name) for _number in range(3))
    Participant.objects.update(paused=False, max_in_flight=1)
    Saga.objects.filter(pk=new.pk).update(parked_on="participant:scripted")
    for saga, status, steps in ((begun, "running", "due"), (undoing, "compensating", "compensation_due")):
        Saga.objects.filter(pk=saga.pk).update(
            parked_on="participant:scripted", status=status, started_at=saga.created_at
        )
        Step.objects.filter(saga=saga, position=0).update(status=steps, sent=True, action_attempts=1)
    Step.objects.filter(saga=undoing, position=1).update(status="skipped")
    run_to_the_end()
    first = [str(command.saga_id) for command in engine.commands]
    assert sorted(set(first), key=first.index) == [str(saga.pk) for saga in (undoing, begun, new)]
    assert {again(saga).status for saga in (new, begun, undoing)} == {"completed", "compensated"}


def test_one_paused_participant_holds_up_no_sibling(engine: World) -> None:
    Participant.objects.create(name="away", transport="function", paused=True)
    saga = start(define({"parallel": [{"name": "one", "participant": "away"}, "two"]}, "three"))
    run_until_quiet()
    assert (again(saga).status, saga.parked_on) == ("running", "participant:away")
    assert (steps_of(saga), engine.calls) == ({"one": "due", "two": "succeeded", "three": "pending"}, ["two"])
    Participant.objects.update(paused=False)
    run_until_quiet()
    assert (again(saga).status, engine.calls) == ("completed", ["two", "one", "three"])


def test_what_waits_for_one_participant_still_makes_its_calls_to_another(engine: World) -> None:
    """The sibling's next try comes due while the saga is parked."""
    Participant.objects.create(name="away", transport="function", paused=True)
    engine.will("two", RuntimeError("nobody knows"))
    patient = {"max_attempts": 3, "initial": 60, "factor": 1, "max": 60}
    saga = start(define({"parallel": [{"name": "one", "participant": "away"}, {"name": "two", "retry": patient}]}))
    run_until_quiet()
    assert (again(saga).parked_on, steps_of(saga)["two"]) == ("participant:away", "due")
    Step.objects.filter(saga=saga, name="two").update(due_at=saga.created_at)
    assert sweep().unparked == 1
    run_until_quiet()
    assert (steps_of(saga)["two"], again(saga).parked_on, sweep().unparked) == ("succeeded", "participant:away", 0)


def test_the_slots_of_a_drain_that_is_gone_come_back(engine: World) -> None:
    define("one")
    limit(3)
    with connection.cursor() as cursor:
        cursor.execute("""INSERT INTO orchestration_grant (drain_id, participant, granted, longest)
                          VALUES (gen_random_uuid(), 'scripted', 3, 0)""")
    Flow.objects.update(granted=3)
    saga = start()
    sweep()
    sweep()
    assert (granted(), Grant.objects.count()) == ({"scripted": 0}, 0)
    run_until_quiet()
    assert again(saga).status == "completed"


def test_calls_of_a_dead_drain_keep_their_slots_while_they_may_be_worked_on(engine: World) -> None:
    define("one")
    limit(3)
    with connection.cursor() as cursor:
        cursor.execute("""INSERT INTO orchestration_grant (drain_id, participant, granted, longest)
                          VALUES (gen_random_uuid(), 'scripted', 3, 3600)""")
    Flow.objects.update(granted=3)
    saga = start()
    sweep()
    drain_until(lambda: again(saga).parked_on)
    assert (granted(), engine.calls) == ({"scripted": 3}, [])
    [grant] = Grant.objects.all()
    assert grant.free_at is not None
