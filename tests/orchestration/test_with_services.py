"""The real engine and the demo's real services, over HTTP: what the ledgers say afterwards is what counts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.states import SagaStatus
from orchestration.models import Participant, Saga
from orchestration.operator_actions import Conflict
from tests.orchestration.scripted import World, act, again, define, no, outcomes, run_until_quiet, start, steps_of
from tests.orchestration.services import (
    BOOK,
    CHARGE,
    RESERVE,
    WANTED,
    Services,
    console,
    effects,
    enrol,
    fault,
    serving,
    to,
)
from tests.participants_demo.running import Participant as Service
from tests.participants_demo.running import until

pytestmark = pytest.mark.slow
LATER = {**WANTED, "region": "mountain", "answer_seconds": 0.3}
ONCE = {"max_attempts": 1}
PATIENT = {"max_attempts": 20, "initial": 0.1, "factor": 1, "max": 0.1}


@pytest.fixture(scope="module")
def all_services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with serving(tmp_path_factory.mktemp("services")) as services:
        yield services


@pytest.fixture
def services(engine: World, all_services: Services) -> Services:
    enrol(all_services)
    return all_services


@pytest.fixture
def callbacks(services: Services, tmp_path: Path, settings: Any) -> Iterator[None]:
    """The console answers at the address that the calls carry."""
    with console(tmp_path) as settings.SAGA_PUBLIC_URL:
        yield


def run_to_the_end(saga: Saga) -> str:
    def is_over() -> bool:
        run_until_quiet()
        return again(saga).status not in (SagaStatus.PENDING, SagaStatus.RUNNING, SagaStatus.COMPENSATING)

    until(is_over)
    return str(saga.status)


# -- one effect, whatever happens to the call ----------------------------------------------------------------------


def test_a_call_that_times_out_is_in_progress_then_done(services: Services) -> None:
    saga = start(define(to(RESERVE, timeout=0.3, retry=PATIENT)), **WANTED, delay_seconds=1)
    assert run_to_the_end(saga) == SagaStatus.COMPLETED
    ways = [outcome for _number, outcome in outcomes(saga)]
    assert ways[0] == "in_progress"  # asked as soon as it was in doubt
    assert ways[-1] == "succeeded"
    assert effects(services, saga) == ["reserve"]


@pytest.mark.parametrize("kind", ["lost_reply", "error_after", "invalid_reply", "timeout"])
def test_an_answer_that_is_lost_is_found_at_the_status_endpoint(services: Services, kind: str) -> None:
    name = define(to(RESERVE, timeout=0.3), to(CHARGE, timeout=0.3))
    fault(kind, step="charge", times=1)
    saga = start(name, **WANTED)
    assert run_to_the_end(saga) == SagaStatus.COMPLETED
    assert effects(services, saga) == ["reserve", "charge"]


def test_calls_that_are_sent_twice_have_one_effect(services: Services) -> None:
    name = define(to(RESERVE), to(CHARGE), to(BOOK))
    fault("duplicate")
    saga = start(name, **{**WANTED, "region": "moon"})
    assert run_to_the_end(saga) == SagaStatus.COMPENSATED
    assert effects(services, saga) == ["reserve", "charge", "-charge", "-reserve"]


def test_a_refused_step_is_undone_without_an_effect(services: Services) -> None:
    saga = start(define(to(RESERVE), to(BOOK)), **{**WANTED, "region": "moon"})
    assert run_to_the_end(saga) == SagaStatus.COMPENSATED
    assert steps_of(saga) == {"reserve": "compensated", "book": "compensated"}
    assert effects(services, saga) == ["reserve", "-reserve"]


def test_an_action_that_is_still_on_its_way_comes_too_late(services: Services) -> None:
    """Nobody can be asked, so a call that timed out is undone; its work begins only after that."""
    Participant.objects.filter(name="inventory").update(status_path="")
    saga = start(define(to(RESERVE, timeout=0.2, retry=ONCE)), **WANTED, delay_seconds=1)
    assert run_to_the_end(saga) == SagaStatus.COMPENSATED
    until(lambda: came_too_late(services["inventory"], f"{saga.pk}:reserve:action"))
    assert effects(services, saga) == []


def came_too_late(service: Service, key: str) -> bool:
    """The barrier keeps the reason of the refusal."""
    with service.database() as database:
        row = database.execute("SELECT answer FROM barrier WHERE key = %s", [key]).fetchone()
    return row is not None and "late_action" in row[0]


def run_until_quiet_or(condition: Any) -> None:
    def looked() -> bool:
        run_until_quiet()
        return bool(condition())

    until(looked)


# -- answers that come later ---------------------------------------------------------------------------------------


def test_an_answer_that_comes_later_is_asked_for(services: Services) -> None:
    saga = start(define(to(RESERVE), to(BOOK)), **LATER)
    assert run_to_the_end(saga) == SagaStatus.COMPLETED
    assert effects(services, saga) == ["reserve", "book"]
    assert steps_of(saga)["book"] == "succeeded"


@pytest.mark.usefixtures("callbacks")
def test_an_answer_that_comes_later_is_called_back(services: Services) -> None:
    saga = start(define(to(BOOK)), **{**LATER, "region": "island"})
    run_until_quiet()
    until(lambda: again(saga).status == SagaStatus.COMPLETED)  # by the callback alone: no drain runs
    assert saga.events.get(kind="called_back").actor == "shipping"
    assert effects(services, saga) == ["book"]


@pytest.mark.usefixtures("callbacks")
def test_a_refusal_that_comes_later_goes_back(services: Services) -> None:
    saga = start(define(to(RESERVE), to(BOOK)), **{**LATER, "region": "island", "pieces": 21})
    assert run_to_the_end(saga) == SagaStatus.COMPENSATED
    assert saga.steps.get(name="book", error__code="too_many_pieces").status == "compensated"
    assert effects(services, saga) == ["reserve", "-reserve"]


def test_turning_back_cancels_what_was_accepted(services: Services) -> None:
    saga = start(define(to(RESERVE), to(BOOK)), **{**LATER, "answer_seconds": 60})
    run_until_quiet_or(lambda: steps_of(saga)["book"] == "waiting")
    act("compensate", saga)
    assert run_to_the_end(saga) == SagaStatus.COMPENSATED
    assert effects(services, saga) == ["reserve", "-reserve"]


# -- people --------------------------------------------------------------------------------------------------------


def test_what_can_never_be_undone_can_only_be_skipped(services: Services) -> None:
    hold = {"name": "hold", "participant": "payments", "action": "/hold", "compensation": "/free"}
    pay = {"name": "pay", "participant": "payments", "action": "/pay", "compensation": None}
    paid = "{hold: outputs.hold.hold, payee: 'acc-1'}"
    saga = start(define(to(RESERVE), to(hold), to(pay, paid), to(BOOK)), **{**WANTED, "region": "moon"})
    assert run_to_the_end(saga) == SagaStatus.STUCK
    assert saga.stuck_code == "never_undoable"
    for barred in ("retry", "compensate"):
        with pytest.raises(Conflict, match="can never be undone"):
            act(barred, saga)
    act("skip", saga)
    assert run_to_the_end(saga) == SagaStatus.ABANDONED
    assert effects(services, saga) == ["reserve", "hold", "pay", "-reserve"]


def test_a_retry_clicked_twice_is_done_once(services: Services, engine: World) -> None:
    engine.will("audit", no())
    engine.will("audit", no(), direction="compensation")
    saga = start(define(to(RESERVE), "audit"), **WANTED)
    assert run_to_the_end(saga) == SagaStatus.STUCK
    seen = saga.revision
    act("retry", saga, revision=seen)
    with pytest.raises(Conflict):
        act("retry", saga, revision=seen)
    assert run_to_the_end(saga) == SagaStatus.COMPENSATED
    assert engine.calls == ["audit", "-audit", "-audit"]
    assert effects(services, saga) == ["reserve", "-reserve"]


# -- restarts ------------------------------------------------------------------------------------------------------


def test_after_a_restart_each_effect_is_undone_once_in_the_name_of_the_saga_that_did_it(services: Services) -> None:
    name = define(to(RESERVE), to(CHARGE, on_exhausted="hold", retry=ONCE), to(BOOK))
    fault("error_before", step="charge", times=1)
    old = start(name, **WANTED)
    assert run_to_the_end(old) == SagaStatus.STUCK
    fault("refuse", step="book", times=1)
    act("restart-from", old)
    new = Saga.objects.get(restarted_from_id=old.pk)
    assert run_to_the_end(new) == SagaStatus.COMPENSATED
    assert effects(services, old) == ["reserve", "-reserve"]
    assert effects(services, new) == ["charge", "-charge"]
