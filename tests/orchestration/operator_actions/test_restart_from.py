"""restart-from: a new saga takes over, and what the old one did is undone in the old one's name, exactly once."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import DatabaseError, connections
from django.test import Client

from orchestration import queries
from orchestration.callback_tokens import token_of
from orchestration.core.states import SagaStatus
from orchestration.models import AuditEntry, Event, Saga, Step
from orchestration.operator_actions import Conflict, WrongAct, perform, preview
from orchestration.participants.function import AnswerLater
from tests.cast import Cast
from tests.orchestration.operator_actions.restarts import HELD, held, restart, undos
from tests.orchestration.operator_actions.stories import stuck_in_doubt
from tests.orchestration.scripted import (
    NOTHING,
    World,
    act,
    admin,
    again,
    define,
    no,
    run_until_quiet,
    steps_of,
)


def test_it_goes_on_from_the_step_with_what_was_answered_before(engine: World) -> None:
    old = held(engine, {"name": "three", "payload": "{ref: outputs.one.did, qty: input.qty}"}, qty=2)
    new = restart(old)
    assert (new.status, new.restarted_from_id, new.launched_by, new.trigger) == ("running", old.pk, "admin", "restart")
    assert new.epoch > again(old).epoch - 1
    run_until_quiet()
    assert (again(new).status, steps_of(new)) == ("completed", dict.fromkeys(("one", "two", "three"), "succeeded"))
    assert engine.calls == ["one", "two", "two", "three"]
    assert (engine.commands[-1].saga_id, engine.commands[-1].input) == (new.pk, {"ref": "one", "qty": 2})
    assert [step.origin_saga_id for step in new.steps.all()] == [old.pk, None, None]


def test_the_old_one_ends_with_nothing_of_its_own_left_and_both_tell_of_each_other(engine: World) -> None:
    old = held(engine)
    assert queries.open_effects(queries.saga_for_page(old.pk)) == ["one"]
    new = restart(old)
    assert queries.open_effects(queries.saga_for_page(old.pk)) == []
    assert queries.open_effects(queries.saga_for_page(new.pk)) == ["one"]
    last, first = old.events.last(), new.events.get()
    assert last is not None
    assert (last.kind, last.status, last.reason) == ("restart-from", "abandoned", "because")
    assert (first.kind, first.actor, first.reason) == ("launched", "admin", "because")
    assert first.moves == "0:pending>due>succeeded 1:pending>due"
    row = AuditEntry.objects.get(act="restart-from")
    assert row.after is not None
    assert (row.saga_id, row.granted, row.after["restarted_as"]) == (old.pk, True, str(new.pk))


def test_what_is_kept_is_undone_under_the_origins_id_and_key_and_the_rest_under_its_own(engine: World) -> None:
    old = held(engine, "three")
    new = restart(old)
    engine.will("three", no())
    run_until_quiet()
    assert again(new).status == SagaStatus.COMPENSATED
    assert undos(engine) == [("three", str(new.pk)), ("two", str(new.pk)), ("one", str(old.pk))]
    assert engine.commands[-1].output == {"did": "one"}
    assert queries.open_effects(queries.saga_for_page(new.pk)) == []
    assert again(old).status == SagaStatus.ABANDONED


def test_a_chain_of_restarts_remembers_who_did_what(engine: World) -> None:
    first = held(engine, HELD | {"name": "three"})
    second = restart(first)
    engine.will("three", NOTHING)
    run_until_quiet()
    third = restart(act("resolve", second, details={"outcome": "not_applied"}))
    assert [step.origin_saga_id for step in third.steps.all()] == [first.pk, second.pk, None]
    act("compensate", third)
    run_until_quiet()
    assert undos(engine) == [("two", str(second.pk)), ("one", str(first.pk))]
    assert [again(saga).status for saga in (first, second, third)] == ["abandoned", "abandoned", "compensated"]


def test_the_answer_to_an_accepted_undo_comes_to_the_saga_that_asked(engine: World) -> None:
    old = held(engine)
    new = restart(old)
    engine.will("one", AnswerLater(), direction="compensation")
    act("compensate", new)
    run_until_quiet()
    assert steps_of(new)["one"] == "compensation_due"
    token = token_of(engine.commands[-1].waiting_saga, 0, "compensation")
    Client().post(f"/api/v1/callbacks/{token}", json.dumps({"state": "done"}), content_type="application/json")
    assert again(new).status == SagaStatus.COMPENSATED
    assert undos(engine) == [("one", str(old.pk))]


def test_past_the_pivot_the_new_one_only_goes_forward(engine: World) -> None:
    old = held(engine, first={"name": "one", "pivot": True})
    new = restart(old)
    with pytest.raises(Conflict, match="past its pivot"):
        act("compensate", new)


def test_a_newer_version_may_go_on_otherwise(engine: World) -> None:
    old = held(engine)
    define("one", {"name": "two", "payload": "`2`"}, "extra")
    new = restart(old, details={"version": 2}, step="two")
    assert new.definition.version == 2
    run_until_quiet()
    assert engine.calls[-2:] == ["two", "extra"]
    assert engine.commands[-2].input == 2
    assert again(new).status == SagaStatus.COMPLETED


@pytest.mark.parametrize("version", [1, 3, 0, "2", True])
def test_a_version_that_is_older_unknown_or_none_is_refused(engine: World, version: object) -> None:
    define("zero")
    old = held(engine)
    assert old.definition.version == 2
    with pytest.raises(WrongAct) as wrong:
        act("restart-from", old, details={"version": version})
    assert wrong.value.field == "version"
    assert again(old).status == SagaStatus.STUCK


def test_the_input_must_fit_the_newer_version(engine: World) -> None:
    old = held(engine, qty=2)
    define("one", HELD, input_schema={"type": "object", "properties": {"qty": {"type": "string"}}})
    with pytest.raises(Conflict, match=r"the input does not fit version 2: input\.qty"):
        act("restart-from", old, details={"version": 2})
    assert (again(old).status, Saga.objects.count()) == (SagaStatus.STUCK, 1)
    assert preview("restart-from", saga_id=old.pk, actor=admin(), details={"version": 2}).why_not.startswith("the inp")


def test_refused_it_changes_nothing_and_is_audited(engine: World) -> None:
    saga = stuck_in_doubt(engine)
    with pytest.raises(Conflict, match="two is in doubt: first find out whether it took effect"):
        act("restart-from", saga, step="two")
    assert (again(saga).status, Saga.objects.count()) == (SagaStatus.STUCK, 1)
    row = AuditEntry.objects.get(act="restart-from")
    assert (row.granted, row.after) == (False, {"why_not": "two is in doubt: first find out whether it took effect"})


def test_pressed_twice_there_is_one_new_saga(engine: World) -> None:
    old = held(engine)
    new = restart(old)
    with pytest.raises(Conflict, match="the saga has ended: abandoned") as refused:
        act("restart-from", old)
    assert refused.value.saga.restarted_as_id == new.pk
    assert Saga.objects.count() == 2


def test_pressed_by_two_people_at_the_same_moment_there_is_one_new_saga(engine: World, cast: Cast) -> None:
    sagas = [held(engine) for _round in range(10)]
    together = Barrier(2)

    def press(name: str, saga: Saga) -> bool:
        together.wait()
        try:
            perform("restart-from", saga_id=saga.pk, actor=getattr(cast, name).actor, reason="me", revision=None)
        except Conflict:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(2) as pool:
        for saga in sagas:
            pressed = [pool.submit(press, name, saga) for name in ("operator", "admin")]
            assert sorted(one.result() for one in pressed) == [False, True]
    assert Saga.objects.filter(restarted_from_id__in=[saga.pk for saga in sagas]).count() == len(sagas)


def test_it_is_done_as_a_whole_or_not_at_all(engine: World, monkeypatch: pytest.MonkeyPatch) -> None:
    old = held(engine)
    events = Event.objects.count()

    def fails(*_arguments: Any) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(Step.objects, "bulk_create", fails)
    with pytest.raises(DatabaseError):
        act("restart-from", old)
    monkeypatch.undo()
    assert (again(old).status, old.restarted_as_id, Saga.objects.count()) == (SagaStatus.STUCK, None, 1)
    assert Event.objects.count() == events
    assert not AuditEntry.objects.filter(act="restart-from").exists()


def test_a_preview_lists_the_calls_of_the_new_saga(engine: World) -> None:
    old = held(engine, "three")
    found = preview("restart-from", saga_id=old.pk, actor=admin(), step="two")
    assert (found.allowed, [(call.step, call.direction) for call in found.calls]) == (
        True,
        [("two", "action"), ("three", "action")],
    )
    assert (again(old).status, Saga.objects.count()) == (SagaStatus.STUCK, 1)


def test_a_paused_stuck_saga_is_taken_over_by_a_paused_one(engine: World) -> None:
    old = act("pause", held(engine))
    new = restart(old)
    run_until_quiet()
    assert (again(new).paused, steps_of(new)) == (True, {"one": "succeeded", "two": "due"})
    act("resume", new)
    run_until_quiet()
    assert again(new).status == SagaStatus.COMPLETED
