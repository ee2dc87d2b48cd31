"""Answers that come later: callbacks at every moment, waits that end. Real drain, real address."""

import asyncio
import json
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from orchestration.callback_tokens import token_of
from orchestration.core.states import SagaStatus
from orchestration.identifiers import uuid7
from orchestration.models import Saga
from orchestration.participants.function import AnswerLater
from orchestration.participants.messages import Command
from tests.orchestration.scripted import (
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
)  # fmt: skip

DONE = {"state": "done", "output": {"ref": "C-1"}}
REFUSED = {"state": "refused", "error": {"error": "no carrier", "code": "carrier"}}
LATER = AnswerLater()


def call_back(saga: Saga, body: dict[str, Any], *, step: int = 0, direction: str = "action") -> dict[str, Any]:
    """POST as the participant would; returns the answer's body."""
    address = f"/api/v1/callbacks/{token_of(saga.pk, step, direction)}"
    response = Client().post(address, json.dumps(body), content_type="application/json")
    assert response.status_code == 200, response.content
    return dict(response.json())


async def call_back_now(command: Command, body: dict[str, Any]) -> bool:
    """The same from inside a call, as a participant that is quicker than its own answer."""

    def from_elsewhere() -> bool:
        try:
            saga = Saga(pk=command.saga_id)
            return bool(call_back(saga, body, step=command.position, direction=command.direction)["taken"])
        finally:
            connections.close_all()

    return await asyncio.to_thread(from_elsewhere)


def test_a_callback_ends_the_wait_and_its_output_is_the_steps(engine: World) -> None:
    engine.will("one", LATER)
    saga = start(define("one", "two"))
    run_until_quiet()
    assert steps_of(saga) == {"one": "waiting", "two": "pending"}
    assert call_back(saga, DONE) == {"taken": True}
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert engine.calls == ["one", "two"]
    assert engine.commands[1].input["outputs"] == {"one": {"ref": "C-1"}}


def test_an_undo_is_sent_what_the_callback_said(engine: World) -> None:
    engine.will("one", LATER)
    engine.will("two", no())
    saga = start(define("one", "two"))
    run_until_quiet()
    call_back(saga, DONE)
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.commands[-1].output == {"ref": "C-1"}


def test_a_refusal_by_callback_goes_back_with_the_participants_words(engine: World) -> None:
    engine.will("two", LATER)
    saga = start(define("one", "two"))
    run_until_quiet()
    assert call_back(saga, REFUSED, step=1) == {"taken": True}
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.calls == ["one", "two", "-two", "-one"]
    assert saga.steps.get(name="two").error == {"message": "no carrier", "code": "carrier"}


def test_a_callback_before_the_202_is_taken_and_the_202_changes_nothing(engine: World) -> None:
    taken = []

    async def quicker_than_itself(command: Command) -> None:
        taken.append(await call_back_now(command, DONE))
        raise LATER

    engine.will("one", quicker_than_itself)
    saga = start(define("one", "two"))
    run_until_quiet()
    assert taken == [True]
    assert again(saga).status == SagaStatus.COMPLETED
    assert engine.calls == ["one", "two"]
    assert outcomes(saga) == [(1, "succeeded"), (1, "succeeded")]
    assert engine.commands[1].input["outputs"] == {"one": {"ref": "C-1"}}


def test_of_a_callback_and_an_answer_the_second_is_ignored(engine: World) -> None:
    async def says_both(command: Command) -> dict[str, str]:
        await call_back_now(command, REFUSED)
        return {"but": "done"}

    engine.will("two", says_both)
    saga = start(define("one", "two"))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.calls == ["one", "two", "-two", "-one"]


def test_a_duplicate_callback_changes_nothing(engine: World) -> None:
    engine.will("one", LATER)
    saga = start(define("one", "two"))
    run_until_quiet()
    call_back(saga, DONE)
    run_until_quiet()
    revision = again(saga).revision
    assert call_back(saga, DONE) == {"taken": False}
    assert call_back(saga, REFUSED) == {"taken": False}
    assert again(saga).revision == revision


def test_a_callback_after_the_saga_has_turned_back_changes_nothing(engine: World) -> None:
    engine.will("one", LATER)
    saga = start(define("one"))
    run_until_quiet()
    act("compensate", saga)
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert call_back(saga, DONE) == {"taken": False}
    assert engine.calls == ["one", "-one"]


def test_a_callback_answers_a_try_in_doubt_before_the_next_one(engine: World) -> None:
    engine.will("one", NOTHING)
    slow = {"max_attempts": 3, "initial": 3600, "factor": 1, "max": 3600}
    saga = start(define({"name": "one", "retry": slow}))
    run_until_quiet()
    assert steps_of(saga) == {"one": "due"}
    assert call_back(saga, DONE) == {"taken": True}
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert engine.calls == ["one"]


def test_a_callback_about_a_doubt_that_waits_for_a_person_is_kept_as_evidence(engine: World) -> None:
    """It moves nothing: whoever resolves the doubt reads it. Said again, it is kept once."""
    engine.will("pay", NOTHING, NOTHING, NOTHING)
    saga = start(define("one", {"name": "pay", "pivot": True}))
    run_until_quiet()
    before = again(saga).revision
    for body in (DONE, DONE, REFUSED):
        assert call_back(saga, body, step=1) == {"taken": False}
    told = saga.events.filter(kind="said_too_late").order_by("seq").values_list("actor", "reason")
    assert list(told) == [("scripted", "pay: it is done"), ("scripted", "pay: it was refused: no carrier")]
    assert (again(saga).status, saga.revision, steps_of(saga)["pay"]) == (SagaStatus.STUCK, before, "failed")
    assert call_back(saga, DONE, step=0) == {"taken": False}  # about this one nobody is in doubt
    assert saga.events.filter(kind="said_too_late").count() == 2


def test_an_undo_may_be_answered_later_too(engine: World) -> None:
    engine.will("two", no())
    engine.will("one", LATER, direction="compensation")
    saga = start(define("one", "two"))
    run_until_quiet()
    assert steps_of(saga) == {"one": "compensation_due", "two": "compensated"}
    assert call_back(saga, {"state": "done"}, direction="compensation") == {"taken": True}
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.calls == ["one", "two", "-two", "-one"]


def test_an_undo_refused_by_callback_is_stuck_at_once(engine: World) -> None:
    engine.will("two", no())
    engine.will("one", LATER, direction="compensation")
    saga = start(define("one", "two"))
    run_until_quiet()
    call_back(saga, REFUSED, direction="compensation")
    assert again(saga).status == SagaStatus.STUCK
    assert saga.stuck_code == "compensation_refused"
    assert saga.events.order_by("-seq")[0].reason == "no carrier"


def test_not_answered_in_time_is_in_doubt_and_tried_again_with_the_same_key(engine: World) -> None:
    engine.will("one", LATER)
    saga = start(define({"name": "one", "answer_within": 0.1}))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert engine.calls == ["one", "one"]
    assert len({command.key for command in engine.commands}) == 1


def test_a_waiting_step_is_compensated_when_the_deadline_passes(engine: World) -> None:
    engine.will("one", LATER)
    saga = start(define("one", deadline=1))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.calls == ["one", "-one"]


def test_a_waiting_saga_is_owned_by_nobody(engine: World) -> None:
    engine.will("one", LATER)
    saga = start(define("one"))
    run_until_quiet()
    assert (again(saga).drain_id, saga.due_at) == (None, saga.deadline_at)


def test_a_callback_for_a_waiting_sibling_of_a_stuck_saga_is_kept(engine: World) -> None:
    engine.will("a", LATER)
    engine.will("b", NOTHING)
    once = {"max_attempts": 1, "initial": 0, "factor": 1, "max": 0}
    saga = start(define({"parallel": ["a", {"name": "b", "retry": once, "on_exhausted": "hold"}]}))
    run_until_quiet()
    assert again(saga).status == SagaStatus.STUCK
    assert call_back(saga, DONE) == {"taken": True}
    assert again(saga).status == SagaStatus.STUCK
    act("retry", saga)
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED


def test_a_callback_while_paused_is_recorded_and_nothing_is_called(engine: World) -> None:
    engine.will("one", LATER)
    saga = start(define("one", "two"))
    run_until_quiet()
    act("pause", saga)
    assert call_back(saga, DONE) == {"taken": True}
    run_until_quiet()
    assert steps_of(saga) == {"one": "succeeded", "two": "due"}
    act("resume", saga)
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({}, "state", id="no state"),
        pytest.param({"state": "maybe"}, "state", id="an unknown state"),
        pytest.param({"state": "done", "error": "x"}, "error", id="done with an error"),
        pytest.param({"state": "refused", "output": 1}, "output", id="refused with an output"),
        pytest.param({"state": "done", "more": 1}, "more", id="an unknown field"),
    ],
)
def test_a_wrong_callback_is_refused_at_its_field(engine: World, body: dict[str, Any], field: str) -> None:
    engine.will("one", LATER)
    saga = start(define("one"))
    run_until_quiet()
    address = f"/api/v1/callbacks/{token_of(saga.pk, 0, 'action')}"
    response = Client().post(address, json.dumps(body), content_type="application/json")
    assert response.status_code == 400
    assert field in response.json()["error"]["fields"]
    assert steps_of(saga) == {"one": "waiting"}


def test_the_token_and_the_size_of_the_body_are_looked_at_before_the_body_is_read(engine: World) -> None:
    """Nobody without a token makes us read megabytes: neither of these bodies is JSON, and nobody gets to know it."""
    saga = start(define("one"))
    good, no_json = token_of(saga.pk, 0, "action"), b"{" * (1024 * 1024 + 1)
    unknown = Client().post("/api/v1/callbacks/x", no_json, content_type="application/json")
    large = Client().post(f"/api/v1/callbacks/{good}", no_json, content_type="application/json")
    assert (unknown.status_code, large.status_code) == (404, 400)
    assert large.json()["error"]["fields"] == {"body": "is larger than 1 MiB"}


def test_an_unknown_token_is_not_found(engine: World) -> None:
    saga = start(define("one"))
    good = token_of(saga.pk, 0, "action")
    others = ["x", "%00", good[:-1], good[:-2] + "AA", "A" * len(good), good + "A", token_of(uuid7(), 0, "action")]
    codes = [
        Client().post(f"/api/v1/callbacks/{token}", json.dumps(DONE), content_type="application/json").status_code
        for token in others
    ]
    assert codes == [404] * len(others)
