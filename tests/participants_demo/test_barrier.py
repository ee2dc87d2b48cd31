"""Each rule of the participant protocol, against a running service and its real database."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.participants_demo.running import ROOT, Participant, new_saga

TWO = {"sku": "SKU-1", "qty": 2}
NONE_LEFT = {"sku": "SKU-EMPTY", "qty": 1}
RESERVED = {"sku": "SKU-1", "reserved": 2}


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_an_action_is_done_once_and_noted(inventory: Participant):
    saga = new_saga()
    answer = inventory.call("/reserve", saga, TWO)
    assert (answer.status_code, answer.json()) == (200, RESERVED)
    assert inventory.effects(saga) == [("action", -2)]


def test_a_repeated_key_gets_the_first_answer_whatever_it_asks_for(inventory: Participant):
    saga = new_saga()
    first = inventory.call("/reserve", saga, TWO)
    again = inventory.call("/reserve", saga, {"sku": "SKU-2", "qty": 9}, epoch=2)
    assert (again.status_code, again.content) == (200, first.content)
    assert inventory.effects(saga) == [("action", -2)]


def test_twenty_duplicates_at_once_have_one_effect_and_one_answer(inventory: Participant):
    saga = new_saga()
    answers = inventory.at_once(20, lambda: inventory.call("/reserve", saga, TWO))
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    assert inventory.effects(saga) == [("action", -2)]


def test_twenty_undos_at_once_have_one_effect(inventory: Participant):
    saga = new_saga()
    inventory.call("/reserve", saga, TWO)
    answers = inventory.at_once(20, lambda: inventory.undo("/release", saga))
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    assert inventory.effects(saga) == [("action", -2), ("compensation", 2)]


def test_an_action_and_its_undo_at_the_same_time_leave_nothing_standing(inventory: Participant):
    for _ in range(10):
        saga = new_saga()
        with ThreadPoolExecutor(2) as threads:
            action = threads.submit(inventory.call, "/reserve", saga, TWO)
            undo = threads.submit(inventory.undo, "/release", saga)
        assert undo.result().status_code == 200
        assert action.result().status_code in {200, 409}
        assert sum(amount for _, amount in inventory.effects(saga)) == 0


def test_an_older_epoch_is_refused(inventory: Participant):
    saga = new_saga()
    inventory.call("/reserve", saga, TWO, epoch=5)
    assert code(inventory.call("/reserve", saga, TWO, epoch=4)) == (409, "stale_epoch")


def test_a_repetition_raises_the_epoch(inventory: Participant):
    saga = new_saga()
    inventory.call("/reserve", saga, TWO, epoch=5)
    assert inventory.call("/reserve", saga, TWO, epoch=7).status_code == 200
    assert code(inventory.call("/reserve", saga, TWO, epoch=6)) == (409, "stale_epoch")


def test_epochs_are_counted_per_key(inventory: Participant):
    saga = new_saga()
    inventory.call("/reserve", saga, TWO, epoch=5)
    assert inventory.undo("/release", saga, epoch=4).status_code == 200


def test_an_older_epoch_is_refused_even_after_a_refusal(inventory: Participant):
    saga = new_saga()
    inventory.call("/reserve", saga, NONE_LEFT, epoch=5)
    assert code(inventory.call("/reserve", saga, TWO, epoch=4)) == (409, "stale_epoch")
    assert inventory.effects(saga) == []


def test_the_epoch_is_checked_before_the_twin(inventory: Participant):
    saga = new_saga()
    inventory.undo("/release", saga)
    assert code(inventory.call("/reserve", saga, TWO, epoch=5)) == (409, "late_action")
    assert code(inventory.call("/reserve", saga, TWO, epoch=4)) == (409, "stale_epoch")


def test_a_repeated_action_is_answered_even_after_its_undo(inventory: Participant):
    saga = new_saga()
    inventory.call("/reserve", saga, TWO)
    inventory.undo("/release", saga)
    assert inventory.call("/reserve", saga, TWO).json() == RESERVED
    assert inventory.effects(saga) == [("action", -2), ("compensation", 2)]


def test_an_empty_compensation_is_accepted_and_has_no_effect(inventory: Participant):
    saga = new_saga()
    answers = [inventory.undo("/release", saga), inventory.undo("/release", saga)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert inventory.effects(saga) == []


def test_an_action_after_its_compensation_is_late(inventory: Participant):
    saga = new_saga()
    inventory.undo("/release", saga)
    assert code(inventory.call("/reserve", saga, TWO)) == (409, "late_action")
    assert inventory.effects(saga) == []


def test_a_refusal_is_not_remembered(inventory: Participant):
    saga = new_saga()
    assert code(inventory.call("/reserve", saga, NONE_LEFT)) == (409, "no_stock")
    assert inventory.call("/reserve", saga, TWO).json() == RESERVED
    assert inventory.effects(saga) == [("action", -2)]


def test_the_undo_of_a_refused_action_is_empty(inventory: Participant):
    saga = new_saga()
    inventory.call("/reserve", saga, NONE_LEFT)
    assert inventory.undo("/release", saga).json() == {"empty": True}
    assert inventory.effects(saga) == []


def test_other_steps_of_the_same_saga_are_not_touched(inventory: Participant):
    saga, step = new_saga(), "step-2"
    inventory.undo("/release", saga)
    body = {"saga_id": saga, "step": step, "direction": "action", "input": TWO}
    headers = {"Idempotency-Key": f"{saga}:{step}:action", "Saga-Epoch": "1"}
    assert inventory.http.post(inventory.url + "/reserve", json=body, headers=headers).status_code == 200


def test_a_refusal_takes_back_the_work_that_was_begun(inventory: Participant):
    saga, before = new_saga(), inventory.get("/balances")
    argv = [sys.executable, "-m", "tests.participants_demo.refuse_after_work", saga]
    environment = {**os.environ, "PARTICIPANT": "inventory", "DATABASE_URL": inventory.database_url}
    ran = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout == "second thoughts"
    assert inventory.get("/balances") == before
    assert inventory.state(saga)["state"] == "refused"
