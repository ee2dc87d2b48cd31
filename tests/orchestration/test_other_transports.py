"""place-order with payments over gRPC and shipping over AMQP: the same ends and the same ledgers as over HTTP."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from orchestration import evidence
from orchestration.core.states import SagaStatus
from orchestration.models import Attempt, Participant, Saga
from orchestration.participants.brokers import without_password
from sagaconsole.embedded.ports import free_port
from tests.amqp import broker_url, new_prefix
from tests.orchestration.scripted import World, act, define, start
from tests.orchestration.services import BOOK, CHARGE, RESERVE, WANTED, Services, effects, fault, to
from tests.orchestration.test_with_services import PATIENT, run_to_the_end
from tests.participants_demo.running import own_database, running

pytestmark = pytest.mark.slow
PREFIX = new_prefix()
GRPC_ADDRESS = f"127.0.0.1:{free_port()}"
WAYS = ["http", "grpc", "grpc and amqp"]


@pytest.fixture(scope="module")
def all_services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Payments serve gRPC too, and shipping takes commands from RabbitMQ where there is one."""
    logs = tmp_path_factory.mktemp("services")
    amqp = {"AMQP_URL": os.environ.get("SAGA_TEST_AMQP_URL", ""), "AMQP_PREFIX": PREFIX}
    more = {"inventory": {}, "payments": {"GRPC_ADDRESS": GRPC_ADDRESS}, "shipping": amqp}
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(running(name, stack.enter_context(own_database(name)), logs, **environment))
            for name, environment in more.items()
        }


@pytest.fixture
def services(engine: World, all_services: Services, way: str, settings: Any) -> Services:
    for name, service in all_services.items():
        Participant.objects.create(name=name, transport="http", base_url=service.url, status_path="/status")
    grpc = {"transport": "grpc", "base_url": f"grpc://{GRPC_ADDRESS}", "status_path": "Status"}
    Participant.objects.create(name="payments-grpc", **grpc)
    if "amqp" in way:
        settings.SAGA_AMQP_BROKERS, settings.AMQP_PREFIX = [broker_url()], PREFIX
        amqp = {"transport": "amqp", "base_url": without_password(broker_url()), "status_path": "shipping.status"}
        Participant.objects.create(name="shipping-amqp", **amqp)
    return all_services


def steps(way: str, *, charge: Any = None, book: Any = None) -> list[dict[str, Any]]:
    """Reserve, charge and book, with more for the last two; over HTTP, with payments over gRPC, shipping over AMQP."""
    by_grpc = {"participant": "payments-grpc", "action": "charge", "compensation": "refund"} if "grpc" in way else {}
    by_amqp = {"participant": "shipping-amqp", "action": "shipping.book", "compensation": "shipping.cancel"}
    return [
        to(RESERVE), to({**CHARGE, **by_grpc}, **(charge or {})),
        to({**BOOK, **(by_amqp if "amqp" in way else {})}, **(book or {})),
    ]  # fmt: skip


def tries(saga: Saga, position: int) -> list[str]:
    """How the tries of a step's action ended."""
    rows = Attempt.objects.filter(saga_id=saga.pk, position=position, direction="action")
    return list(rows.order_by("number").values_list("outcome", flat=True))


@pytest.mark.parametrize("way", WAYS)
def test_success(services: Services, way: str) -> None:
    saga = start(define(*steps(way)), **WANTED)
    assert run_to_the_end(saga) == SagaStatus.COMPLETED
    assert effects(services, saga) == ["reserve", "charge", "book"]
    assert saga.attempts.get(position=1).answer == {"card": "card-1", "charged": 500}
    told = [key.told.state for step in evidence.of_saga(saga) for key in step.keys]
    assert told == ["done", "done", "done"]  # what a person is shown: each participant was asked in its own way


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_undoes_what_was_done(services: Services, way: str) -> None:
    saga = start(define(*steps(way)), **{**WANTED, "card": "card-low", "amount": 5000})
    assert run_to_the_end(saga) == SagaStatus.COMPENSATED
    assert effects(services, saga) == ["reserve", "-reserve"]
    error = saga.attempts.get(position=1, direction="action").error
    assert error is not None
    assert (error["message"], error["code"]) == ("5000 cents is above the limit of 1000 cents", "card_limit")


@pytest.mark.parametrize("way", WAYS)
def test_a_later_refusal_undoes_the_charge(services: Services, way: str) -> None:
    saga = start(define(*steps(way)), **{**WANTED, "region": "moon"})
    assert run_to_the_end(saga) == SagaStatus.COMPENSATED
    assert effects(services, saga) == ["reserve", "charge", "-charge", "-reserve"]


@pytest.mark.parametrize("way", WAYS)
def test_a_timeout_with_effect_has_one_effect(services: Services, way: str) -> None:
    """The caller hangs up, the participant goes on; the status says so until it is done."""
    short = {"timeout": 0.3, "retry": PATIENT}
    saga = start(define(*steps(way, charge=short, book=short)), **WANTED, delay_seconds=0.6)
    assert run_to_the_end(saga) == SagaStatus.COMPLETED
    for position in (1, 2):
        assert tries(saga, position)[0] == "in_progress"
        assert tries(saga, position)[-1] == "succeeded"
    assert effects(services, saga) == ["reserve", "charge", "book"]


@pytest.mark.parametrize("way", WAYS)
def test_a_lost_answer_is_found_and_what_was_not_sent_is_tried_again(services: Services, way: str) -> None:
    name = define(*steps(way))
    for step in ("charge", "book"):
        fault("error_before", step=step, times=1)
        fault("lost_reply", step=step, times=1)
    saga = start(name, **WANTED)
    assert run_to_the_end(saga) == SagaStatus.COMPLETED
    assert (tries(saga, 1), tries(saga, 2)) == (["not_sent", "succeeded"], ["not_sent", "succeeded"])
    assert effects(services, saga) == ["reserve", "charge", "book"]


@pytest.mark.parametrize("way", WAYS)
def test_calls_that_are_sent_twice_have_one_effect(services: Services, way: str) -> None:
    name = define(*steps(way))
    fault("duplicate")
    saga = start(name, **{**WANTED, "region": "moon"})
    assert run_to_the_end(saga) == SagaStatus.COMPENSATED
    assert effects(services, saga) == ["reserve", "charge", "-charge", "-reserve"]


@pytest.mark.parametrize("way", WAYS)
def test_a_timeout_without_effect_is_undone_before_its_action_comes(services: Services, way: str) -> None:
    """Nobody can be asked, so what timed out is undone; its work begins only after that, and is too late."""
    Participant.objects.update(status_path="")
    once = {"timeout": 0.2, "retry": {"max_attempts": 1}}
    saga = start(define(*steps(way, book=once)), **WANTED, delay_seconds=0.6)
    assert run_to_the_end(saga) == SagaStatus.COMPENSATED
    assert tries(saga, 2) == ["in_doubt"]
    assert effects(services, saga) == ["reserve", "charge", "-charge", "-reserve"]


@pytest.mark.parametrize("way", ["http", "grpc"])
def test_what_can_never_be_undone_says_so(services: Services, way: str) -> None:
    """As over HTTP's 410: only skip is left."""
    first, slash = {"http": ("payments", "/"), "grpc": ("payments-grpc", "")}[way]
    hold = {"name": "hold", "participant": first, "action": f"{slash}hold", "compensation": f"{slash}free"}
    pay = {"name": "pay", "participant": first, "action": f"{slash}pay", "compensation": None}
    saga = start(define(to(hold), to(pay, "{hold: outputs.hold.hold, payee: 'acc-1'}"), to(BOOK)),
                 **{**WANTED, "region": "moon"})  # fmt: skip
    assert run_to_the_end(saga) == SagaStatus.STUCK
    assert saga.stuck_code == "never_undoable"
    act("skip", saga)
    assert run_to_the_end(saga) == SagaStatus.ABANDONED
