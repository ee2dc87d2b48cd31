"""Who is claimed first: undos, then begun sagas, then new ones, of which the definitions take turns."""

import pytest

from orchestration.drain import loop
from orchestration.models import Participant, Saga, Step
from tests.orchestration.scripted import World, define, drain_until, run_until_quiet, start

BATCH = 10


@pytest.fixture
def small_batches(engine: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(loop, "BATCH", BATCH)
    return engine


def first_calls(engine: World) -> list[str]:
    seen = [command.saga for command in engine.commands]
    assert seen
    return seen


def test_many_launches_of_one_definition_delay_another_by_no_more_than_a_batch(small_batches: World) -> None:
    many, other = define("one", name="many"), define("one", name="other")
    for _number in range(8 * BATCH):
        start(many)
    start(other)
    run_until_quiet()
    assert first_calls(small_batches).index(other) <= BATCH
    assert set(Saga.objects.values_list("status", flat=True)) == {"completed"}


def test_also_where_both_wait_for_the_same_busy_participant(small_batches: World) -> None:
    many, other = define("one", name="many"), define("one", name="other")
    for _number in range(4 * BATCH):
        start(many)
    start(other)
    Saga.objects.update(parked_on="participant:scripted")
    Participant.objects.update(max_in_flight=1)
    drain_until(lambda: not Saga.objects.live().exists())
    assert first_calls(small_batches).index(other) <= 2 * BATCH  # where both are first in line, chance decides
    assert set(Saga.objects.values_list("status", flat=True)) == {"completed"}


def test_definitions_share_the_room_of_a_batch(small_batches: World) -> None:
    names = [define("one", name=f"story-{number}") for number in range(3)]
    for name in names:
        for _number in range(2 * BATCH):
            start(name)
    run_until_quiet()
    after_two_batches = first_calls(small_batches)[: 3 * BATCH]
    assert {name: after_two_batches.count(name) >= BATCH // 2 for name in names} == dict.fromkeys(names, True)


def test_an_undo_is_claimed_before_a_begun_saga_and_that_before_a_new_one(
    small_batches: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = define("one")
    monkeypatch.setattr(loop, "BATCH", 1)
    new, begun, undoing = (start(name) for _number in range(3))
    for saga, status, step in ((begun, "running", "due"), (undoing, "compensating", "compensation_due")):
        Saga.objects.filter(pk=saga.pk).update(status=status, started_at=saga.created_at)
        Step.objects.filter(saga=saga).update(status=step, sent=True, action_attempts=1)
    run_until_quiet()
    assert [command.saga_id for command in small_batches.commands] == [undoing.pk, begun.pk, new.pk]
