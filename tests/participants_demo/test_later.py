"""Answers that come later: 202, then a callback or the status endpoint; always one effect per key."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sagaconsole.embedded.ports import free_port
from tests.participants_demo.receiver import Receiver, receiving
from tests.participants_demo.running import ROOT, Participant, new_saga, own_database, running, until

BOOKED = {"carrier": "Island Ferry", "region": "island"}
DONE = {"state": "done", "output": BOOKED}
TOO_MANY = {"error": "Island Ferry takes 20 pieces at most", "code": "too_many_pieces"}
LONG = 60
PENDING = "SELECT count(*) FROM pending_call WHERE saga_id = %s"
DUE = "SELECT 1000000 * extract(epoch FROM due_at) FROM pending_call WHERE saga_id = %s"
TRIED = "SELECT count(*) FROM outbox WHERE url = %s AND tries > 0"
WAITING_LETTERS = "SELECT count(*) FROM outbox WHERE url LIKE %s"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def book(shipping: Participant, saga: str, receiver: Receiver | None = None, *, epoch: int = 1, **more: Any) -> Any:
    headers = {"Saga-Callback": receiver.url + saga} if receiver else {}
    sent = {"region": "island", "answer_seconds": 0, **more}
    return shipping.call("/book", saga, sent, epoch=epoch, headers=headers)


def number(shipping: Participant, statement: str, value: str) -> int:
    with shipping.database() as database:
        row = database.execute(statement, [value]).fetchone()
    assert row is not None
    return int(row[0])


def test_it_is_accepted_first_done_a_moment_later_and_called_back(shipping: Participant, receiver: Receiver):
    saga = new_saga()
    answer = book(shipping, saga, receiver, answer_seconds=0.5)
    assert (answer.status_code, answer.json(), answer.headers["Retry-After"]) == (202, {"state": "in_progress"}, "6")
    assert (shipping.state(saga), shipping.effects(saga)) == ({"state": "in_progress"}, [])
    until(lambda: receiver.messages(saga))
    assert receiver.messages(saga) == [DONE]
    assert (shipping.state(saga), shipping.effects(saga)) == (DONE, [("action", 1)])


def test_it_may_be_refused_later_and_the_same_key_may_still_succeed(shipping: Participant, receiver: Receiver):
    saga = new_saga()
    assert book(shipping, saga, receiver, pieces=21).status_code == 202
    until(lambda: receiver.messages(saga))
    assert receiver.messages(saga) == [{"state": "refused", "error": TOO_MANY}]
    assert (shipping.state(saga), shipping.effects(saga)) == ({"state": "refused", **TOO_MANY}, [])
    assert book(shipping, saga, receiver, pieces=20).status_code == 202
    until(lambda: shipping.state(saga) == DONE)
    assert shipping.effects(saga) == [("action", 1)]


def test_what_can_be_refused_at_once_is(shipping: Participant):
    assert book(shipping, saga := new_saga(), answer_seconds=-1).json()["code"] == "bad_input"
    assert shipping.state(saga)["state"] == "refused"


def test_a_carrier_that_never_calls_back_can_be_asked(shipping: Participant, receiver: Receiver):
    saga = new_saga()
    answer = book(shipping, saga, receiver, region="mountain")
    assert (answer.status_code, answer.headers["Retry-After"]) == (202, "1")
    until(lambda: shipping.state(saga)["state"] == "done")
    assert number(shipping, WAITING_LETTERS, f"%{saga}") == 0
    assert receiver.messages(saga) == []


def test_repetitions_have_one_effect_and_do_not_start_anew(shipping: Participant, receiver: Receiver):
    saga = new_saga()
    answers = shipping.at_once(20, lambda: book(shipping, saga, receiver, answer_seconds=LONG))
    assert {answer.status_code for answer in answers} == {202}
    due = number(shipping, DUE, saga)
    assert book(shipping, saga, receiver, answer_seconds=LONG // 2).status_code == 202
    assert number(shipping, DUE, saga) == due
    due_soon(shipping, saga)
    until(lambda: receiver.messages(saga))
    assert (book(shipping, saga, receiver).status_code, book(shipping, saga, receiver).json()) == (200, BOOKED)
    assert shipping.effects(saga) == [("action", 1)]


def test_an_older_epoch_is_refused_while_it_waits_and_a_newer_one_takes_over(shipping: Participant, receiver: Receiver):
    saga = new_saga()
    book(shipping, saga, receiver, epoch=5, answer_seconds=LONG)
    assert book(shipping, saga, receiver, epoch=4).json()["code"] == "stale_epoch"
    assert book(shipping, saga, receiver, epoch=7).status_code == 202
    due_soon(shipping, saga)
    until(lambda: shipping.state(saga) == DONE)
    [entry] = shipping.get("/ledger", saga_id=saga)["entries"]
    assert entry["epoch"] == 7


def test_an_undo_cancels_what_waits(shipping: Participant, receiver: Receiver):
    saga = new_saga()
    book(shipping, saga, receiver, answer_seconds=LONG)
    assert shipping.undo("/cancel", saga).json() == {"empty": True}
    assert number(shipping, PENDING, saga) == 0
    assert shipping.state(saga) == {"state": "compensated"}
    assert book(shipping, saga, receiver).json()["code"] == "late_action"
    assert (shipping.effects(saga), receiver.messages(saga)) == ([], [])


def test_an_undo_in_the_moment_of_the_work_leaves_nothing_standing(shipping: Participant, receiver: Receiver):
    sagas = [new_saga() for _ in range(20)]
    for saga in sagas:
        book(shipping, saga, receiver, answer_seconds=0.2)
    with ThreadPoolExecutor(10) as threads:
        undone = list(threads.map(lambda saga: shipping.undo("/cancel", saga).status_code, sagas))
    assert undone == [200] * 20
    assert all(sum(amount for _, amount in shipping.effects(saga)) == 0 for saga in sagas)
    assert all(number(shipping, PENDING, saga) == 0 for saga in sagas)


def test_an_undo_after_the_work_takes_it_back(shipping: Participant, receiver: Receiver):
    saga = new_saga()
    book(shipping, saga, receiver)
    until(lambda: shipping.state(saga) == DONE)
    assert shipping.undo("/cancel", saga).json() == {"carrier": "Island Ferry", "cancelled": True}
    assert shipping.effects(saga) == [("action", 1), ("compensation", -1)]


def test_the_callback_is_tried_again_until_it_is_taken(shipping: Participant, receiver: Receiver):
    saga, receiver.statuses = new_saga(), [503, 429]
    book(shipping, saga, receiver)
    until(lambda: len(receiver.messages(saga)) == 3)
    assert receiver.messages(saga) == [DONE] * 3
    until(lambda: number(shipping, WAITING_LETTERS, f"%{saga}") == 0)


def test_a_callback_that_nobody_knows_is_given_up(shipping: Participant, receiver: Receiver):
    saga, receiver.statuses = new_saga(), [404]
    book(shipping, saga, receiver)
    until(lambda: receiver.messages(saga) and number(shipping, WAITING_LETTERS, f"%{saga}") == 0)
    assert receiver.messages(saga) == [DONE]
    assert shipping.state(saga) == DONE


def test_the_orchestrator_may_be_away_for_a_while(shipping: Participant):
    saga, port = new_saga(), free_port()
    callback = f"http://127.0.0.1:{port}/api/v1/callbacks/{saga}"
    shipping.call("/book", saga, {"region": "island", "answer_seconds": 0}, headers={"Saga-Callback": callback})
    until(lambda: number(shipping, TRIED, callback))
    with receiving(port) as late:
        until(lambda: late.messages(saga) == [DONE])


@pytest.mark.parametrize("callback", ["http://elsewhere.example.com/x", "file:///etc/passwd", "http://[", "no-address"])
def test_a_callback_to_somewhere_else_is_not_taken(shipping: Participant, callback: str):
    saga = new_saga()
    answer = shipping.call("/book", saga, {"region": "island"}, headers={"Saga-Callback": callback})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert shipping.state(saga) == {"state": "absent"}


def test_who_leaves_no_callback_address_can_still_ask(shipping: Participant):
    saga = new_saga()
    assert book(shipping, saga).status_code == 202
    until(lambda: shipping.state(saga) == DONE)


def test_killed_and_started_again_it_still_keeps_its_promises_and_calls_back(receiver: Receiver, tmp_path: Path):
    sagas = [new_saga() for _ in range(30)]
    with own_database("shipping") as database_url:
        with running("shipping", database_url, tmp_path) as victim:
            for saga in sagas[:10]:
                book(victim, saga, receiver, answer_seconds=LONG)
            for saga in sagas[10:]:
                book(victim, saga, receiver, answer_seconds=0.3)
            until(lambda: any(victim.effects(saga) for saga in sagas))
            os.kill(victim.pid, signal.SIGKILL)
        with running("shipping", database_url, tmp_path) as again:
            assert again.state(sagas[0]) == {"state": "in_progress"}
            for saga in sagas[:10]:
                due_soon(again, saga)
            until(lambda: all(DONE in receiver.messages(saga) for saga in sagas))
            assert {tuple(again.effects(saga)) for saga in sagas} == {(("action", 1),)}


def test_two_processes_keep_each_promise_once(shipping: Participant, receiver: Receiver, tmp_path: Path):
    sagas = [new_saga() for _ in range(30)]
    with running("shipping", shipping.database_url, tmp_path):
        for saga in sagas:
            book(shipping, saga, receiver, answer_seconds=0.3)
        until(lambda: all(receiver.messages(saga) for saga in sagas))
    assert {tuple(shipping.effects(saga)) for saga in sagas} == {(("action", 1),)}


def test_what_was_refused_meanwhile_is_not_done_by_a_late_confirmation(shipping: Participant):
    saga = new_saga()
    assert book(shipping, saga, pieces=21).status_code == 202
    until(lambda: shipping.state(saga)["state"] == "refused")
    argv = [sys.executable, "-m", "tests.participants_demo.confirm_without_promise", saga]
    environment = {**os.environ, "PARTICIPANT": "shipping", "DATABASE_URL": shipping.database_url}
    ran = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout == "no longer pending"
    assert (shipping.state(saga)["state"], shipping.effects(saga)) == ("refused", [])


def due_soon(shipping: Participant, saga: str) -> None:
    """Let the time pass that the carrier takes."""
    with shipping.database() as database:
        found = database.execute("UPDATE pending_call SET due_at = now() WHERE saga_id = %s", [saga])
    assert found.rowcount == 1
