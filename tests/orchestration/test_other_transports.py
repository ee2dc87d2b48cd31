"""place-order with payments over gRPC: the same ends and the same ledgers as over HTTP, whatever happens to a call."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from orchestration.core.states import SagaStatus
from orchestration.models import Attempt, Participant, Saga
from sagaconsole.embedded.ports import free_port
from tests.orchestration.scripted import World, act, define, start
from tests.orchestration.services import BOOK, CHARGE, RESERVE, WANTED, Services, effects, fault, to
from tests.orchestration.test_with_services import PATIENT, run_to_the_end, run_until_quiet_or
from tests.participants_demo.running import own_database, running

pytestmark = pytest.mark.slow
ADDRESS: dict[str, str] = {}
WAYS = ["http", "grpc"]


@pytest.fixture(scope="module")
def all_services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    logs = tmp_path_factory.mktemp("services")
    ADDRESS["grpc"] = f"127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                running(name, stack.enter_context(own_database(name)), logs, **more)
            )
            for name, more in {
                "inventory": {}, "payments": {"GRPC_ADDRESS": ADDRESS["grpc"]}, "shipping": {},
            }.items()
        }  # fmt: skip


@pytest.fixture
def services(engine: World, all_services: Services) -> Services:
    for name, service in all_services.items():
        Participant.objects.create(name=name, transport="http", base_url=service.url, status_path="/status")
    Participant.objects.create(
        name="payments-grpc", transport="grpc", base_url=f"grpc://{ADDRESS['grpc']}", status_path="Status"
    )
    return all_services


def steps(way: str, **charge: Any) -> list[dict[str, Any]]:
    """Reserve, charge and book, over HTTP or with payments over gRPC."""
    if way == "http":
        return [to(RESERVE), to(CHARGE, **charge), to(BOOK)]
    other = {**CHARGE, "participant": "payments-grpc", "action": "charge", "compensation": "refund"}
    return [to(RESERVE), to(other, **charge), to(BOOK)]


def charges(saga: Saga, direction: str = "action") -> list[str]:
    """How the tries of the charge ended."""
    rows = Attempt.objects.filter(saga_id=saga.pk, position=1, direction=direction)
    return list(rows.order_by("number").values_list("outcome", flat=True))


@pytest.mark.parametrize("way", WAYS)
def test_success(services: Services, way: str) -> None:
    saga = start(define(*steps(way)), **WANTED)
    assert run_to_the_end(saga) == SagaStatus.COMPLETED
    assert effects(services, saga) == ["reserve", "charge", "book"]
    assert saga.attempts.get(position=1).answer == {"card": "card-1", "charged": 500}


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
    saga = start(define(*steps(way, timeout=0.3, retry=PATIENT)), **WANTED, delay_seconds=1)
    assert run_to_the_end(saga) == SagaStatus.COMPLETED
    assert charges(saga)[0] == "in_progress"
    assert charges(saga)[-1] == "succeeded"
    assert effects(services, saga).count("charge") == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_timeout_without_effect_is_tried_again(services: Services, way: str) -> None:
    name = define(*steps(way, timeout=0.3))
    fault("error_before", step="charge", times=1)
    fault("lost_reply", step="charge", times=1)
    saga = start(name, **WANTED)
    assert run_to_the_end(saga) == SagaStatus.COMPLETED
    assert charges(saga) == ["not_sent", "succeeded"]
    assert effects(services, saga) == ["reserve", "charge", "book"]


@pytest.mark.parametrize("way", WAYS)
def test_calls_that_are_sent_twice_have_one_effect(services: Services, way: str) -> None:
    name = define(*steps(way))
    fault("duplicate")
    saga = start(name, **{**WANTED, "region": "moon"})
    assert run_to_the_end(saga) == SagaStatus.COMPENSATED
    assert effects(services, saga) == ["reserve", "charge", "-charge", "-reserve"]


@pytest.mark.parametrize("way", WAYS)
def test_an_undo_that_comes_before_its_action_has_no_effect(services: Services, way: str) -> None:
    Participant.objects.filter(name__startswith="payments").update(status_path="")
    once = {"max_attempts": 1}
    saga = start(define(*steps(way, timeout=0.2, retry=once)), **WANTED, delay_seconds=0.8)
    run_until_quiet_or(lambda: charges(saga) == ["in_doubt"])
    assert run_to_the_end(saga) == SagaStatus.COMPENSATED
    assert effects(services, saga) == ["reserve", "-reserve"]


@pytest.mark.parametrize("way", WAYS)
def test_what_can_never_be_undone_says_so(services: Services, way: str) -> None:
    """As over HTTP's 410: only skip is left."""
    first = {"http": "payments", "grpc": "payments-grpc"}[way]
    slash = {"http": "/", "grpc": ""}[way]
    hold = {"name": "hold", "participant": first, "action": f"{slash}hold", "compensation": f"{slash}free"}
    pay = {"name": "pay", "participant": first, "action": f"{slash}pay", "compensation": None}
    saga = start(define(to(hold), to(pay, "{hold: outputs.hold.hold, payee: 'acc-1'}"), to(BOOK)),
                 **{**WANTED, "region": "moon"})  # fmt: skip
    assert run_to_the_end(saga) == SagaStatus.STUCK
    assert saga.stuck_code == "never_undoable"
    act("skip", saga)
    assert run_to_the_end(saga) == SagaStatus.ABANDONED
