"""`GET /status`: every state that the protocol knows."""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.participants_demo.running import Participant, new_saga, until

TWO = {"sku": "SKU-1", "qty": 2}
DONE = {"state": "done", "output": {"sku": "SKU-1", "reserved": 2}}
LOCK = "SELECT pg_advisory_lock(hashtextextended(%s, 0))"


def test_absent(inventory: Participant):
    assert inventory.state(new_saga()) == {"state": "absent"}


def test_done_with_the_output(inventory: Participant):
    saga = new_saga()
    inventory.call("/reserve", saga, TWO)
    assert inventory.state(saga) == DONE


def test_refused_with_the_reason(inventory: Participant):
    saga = new_saga()
    refusal = inventory.call("/reserve", saga, {"sku": "SKU-EMPTY", "qty": 1}).json()
    assert inventory.state(saga) == {"state": "refused", **refusal}


def test_compensated_for_the_action_and_done_for_the_compensation(inventory: Participant):
    saga = new_saga()
    inventory.call("/reserve", saga, TWO)
    inventory.undo("/release", saga)
    assert inventory.state(saga) == {"state": "compensated"}
    assert inventory.state(saga, "compensation")["state"] == "done"


def test_compensated_when_the_compensation_was_empty(inventory: Participant):
    saga = new_saga()
    inventory.undo("/release", saga)
    inventory.call("/reserve", saga, TWO)
    assert inventory.state(saga) == {"state": "compensated"}


def test_in_progress_while_another_process_holds_the_step(inventory: Participant):
    saga = new_saga()
    with inventory.database() as database:
        database.execute(LOCK, [f"{saga}:step-1"])
        assert inventory.state(saga) == {"state": "in_progress"}
    assert until(lambda: inventory.state(saga)["state"] == "absent")


@pytest.mark.slow
def test_a_call_that_waits_too_long_for_its_step_is_told_to_try_later(inventory: Participant):
    saga = new_saga()
    with inventory.database() as database:
        database.execute(LOCK, [f"{saga}:step-1"])
        answer = inventory.call("/reserve", saga, TWO)
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (425, "in_progress", "1")
    assert inventory.call("/reserve", saga, TWO).status_code == 200


def test_in_progress_while_the_action_is_slowed_down(inventory: Participant):
    saga = new_saga()
    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(inventory.call, "/reserve", saga, {**TWO, "delay_seconds": 1})
        until(lambda: inventory.state(saga)["state"] == "in_progress")
    assert slow.result().status_code == 200
    assert inventory.state(saga) == DONE


def test_a_caller_that_hangs_up_does_not_stop_the_work(inventory: Participant):
    saga = new_saga()
    with pytest.raises(httpx2.ReadTimeout):
        inventory.call("/reserve", saga, {**TWO, "delay_seconds": 1}, timeout=0.3)
    until(lambda: inventory.state(saga) == DONE)
    assert inventory.effects(saga) == [("action", -2)]


def test_a_slow_action_that_was_undone_meanwhile_comes_too_late(inventory: Participant):
    saga = new_saga()
    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(inventory.call, "/reserve", saga, {**TWO, "delay_seconds": 1})
        until(lambda: inventory.state(saga)["state"] == "in_progress")
        inventory.undo("/release", saga)
    assert slow.result().json()["code"] == "late_action"
    assert inventory.effects(saga) == []


@pytest.mark.parametrize("key", ["", "no-colon", "saga:step:sideways", "saga:st\0ep:action"])
def test_a_key_that_is_none(inventory: Participant, key: str):
    answer = inventory.http.get(inventory.url + "/status", params={"key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
