"""The status endpoint's table through the real drain: what it says of a call that was accepted or is in doubt."""

from collections.abc import Iterator
from typing import Any

import pytest

from orchestration.callback_tokens import read
from orchestration.core.states import SagaStatus
from orchestration.models import Participant
from tests.orchestration.http_service import Service, http_service, reply
from tests.orchestration.scripted import World, again, define, no, outcomes, run_until_quiet, start, steps_of

REMOTE = {"participant": "remote", "action": "/do", "compensation": "/undo"}
LATER = reply(202)


@pytest.fixture
def service(engine: World) -> Iterator[Service]:
    with http_service() as running:
        Participant.objects.create(name="remote", transport="http", base_url=running.url, status_path="/status")
        yield running


def state(word: str, **more: Any) -> Any:
    return reply(200, {"state": word, **more})


def remote(name: str = "one", **more: Any) -> dict[str, Any]:
    return {"name": name, **REMOTE, **more}


def test_accepted_then_asked_until_it_is_done(service: Service) -> None:
    service.calls.append(LATER)
    service.states += [state("in_progress"), state("in_progress"), state("done", output={"ref": "S-1"})]
    saga = start(define(remote(), "two"))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert service.said == ["one", "?", "?", "?"]
    assert saga.steps.get(name="one").tries <= 1


def test_what_the_status_endpoint_said_is_the_steps_output(service: Service, engine: World) -> None:
    service.calls.append(LATER)
    service.states.append(state("done", output={"ref": "S-1"}))
    start(define(remote(), "two"))
    run_until_quiet()
    assert engine.commands[0].input["outputs"] == {"one": {"ref": "S-1"}}


def test_accepted_then_refused_goes_back(service: Service) -> None:
    service.calls.append(LATER)
    service.states.append(state("refused"))
    saga = start(define(remote()))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert service.said == ["one", "?", "-one"]


def test_absent_is_sent_again_with_the_same_key(service: Service) -> None:
    service.calls += [reply(500), reply(200, {"ref": 2})]
    service.states += [state("absent"), state("absent")]
    saga = start(define(remote()))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert service.said == ["one", "?", "?", "one"]
    assert len({headers["Idempotency-Key"] for headers in service.headers}) == 1


def test_no_usable_answer_is_sent_again_with_the_same_key(service: Service) -> None:
    service.calls.append(reply(500))
    service.states += [reply(503), reply(200, {"state": "who knows"})]
    saga = start(define(remote()))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert service.said == ["one", "?", "?", "one"]


def test_a_call_in_doubt_that_is_done_is_not_sent_again(service: Service) -> None:
    service.calls.append(reply(500))
    service.states.append(state("done", output={"ref": 1}))
    saga = start(define(remote()))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert service.said == ["one", "?"]
    assert outcomes(saga) == [(1, "succeeded")]


def test_compensated_already_goes_back_without_another_undo(service: Service, engine: World) -> None:
    service.calls.append(reply(500))
    service.states.append(state("compensated"))
    saga = start(define("zero", remote()))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert service.said == ["one", "?"]
    assert engine.calls == ["zero", "-zero"]
    assert steps_of(saga) == {"zero": "compensated", "one": "compensated"}


def test_an_undo_in_doubt_is_asked_for_by_its_own_key(service: Service, engine: World) -> None:
    engine.will("two", no())
    service.calls += [reply(200, {"did": 1}), reply(502)]
    service.states.append(state("done"))
    saga = start(define(remote(), "two"))
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert service.said == ["one", "-one", "?"]


def test_410_on_an_undo_can_never_be_undone(service: Service, engine: World) -> None:
    engine.will("two", no())
    service.calls += [reply(200, {"did": 1}), reply(410, {"error": "shipped", "code": "gone"})]
    saga = start(define(remote(), "two"))
    run_until_quiet()
    assert (again(saga).status, saga.stuck_code) == (SagaStatus.STUCK, "never_undoable")


def test_retry_after_is_honoured(service: Service) -> None:
    service.calls.append(reply(429, None, Retry_After="3600"))
    saga = start(define(remote()))
    run_until_quiet()
    step = saga.steps.get(name="one")
    assert step.status == "due"
    assert step.due_at is not None
    assert step.attempt_started_at is not None
    assert 3590 < (step.due_at - step.attempt_started_at).total_seconds() <= 3601


def test_each_try_carries_the_same_callback_address(service: Service) -> None:
    service.calls.append(reply(503))
    saga = start(define(remote()))
    run_until_quiet()
    addresses = {headers["Saga-Callback"] for headers in service.headers}
    assert len(service.headers) == 2
    [address] = addresses
    called = read(address.rpartition("/api/v1/callbacks/")[2])
    assert called is not None
    assert (called.saga_id, called.position, called.direction) == (saga.pk, 0, "action")


def test_a_secret_of_the_participant_signs_each_call(service: Service) -> None:
    Participant.objects.filter(name="remote").update(secret="s3cret")
    start(define(remote()))
    run_until_quiet()
    assert service.headers[0]["webhook-signature"].startswith("v1,")
