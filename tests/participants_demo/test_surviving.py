"""What a participant must survive: its own death, lost connections, and more calls than connections."""

import contextlib
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.participants_demo.running import Participant, new_saga, running, until

ONE = {"sku": "SKU-4", "qty": 1}
CONNECTIONS = 8
COUNT = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'inventory'"
CUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@pytest.mark.slow
def test_killed_in_the_middle_and_called_again_each_effect_is_there_once(inventory: Participant, tmp_path: Path):
    sagas = [new_saga() for _ in range(60)]

    def call(participant: Participant, saga: str) -> None:
        with contextlib.suppress(httpx2.TransportError):
            participant.call("/reserve", saga, ONE)

    with running("inventory", inventory.database_url, tmp_path) as victim, ThreadPoolExecutor(20) as threads:
        calls = [threads.submit(call, victim, saga) for saga in sagas]
        until(lambda: any(inventory.effects(saga) for saga in sagas[:5]))
        os.kill(victim.pid, signal.SIGKILL)
    assert all(one.exception() is None for one in calls)
    assert {inventory.call("/reserve", saga, ONE).status_code for saga in sagas} == {200}
    assert {tuple(inventory.effects(saga)) for saga in sagas} == {(("action", -1),)}


def test_cut_connections_are_replaced(inventory: Participant):
    saga = new_saga()
    inventory.call("/reserve", new_saga(), ONE)
    with inventory.database() as database:
        database.execute(CUT)
    answers = [inventory.call("/reserve", saga, ONE) for _ in range(2 * CONNECTIONS)]
    assert {answer.status_code for answer in answers} <= {200, 500}
    assert answers[-1].status_code == 200
    assert inventory.effects(saga) == [("action", -1)]
    until(lambda: all_succeed(inventory))  # a thread that was not called yet still finds its connection cut, once


def all_succeed(inventory: Participant) -> bool:
    answers = inventory.at_once(4 * CONNECTIONS, lambda: inventory.call("/reserve", new_saga(), ONE))
    return {answer.status_code for answer in answers} == {200}


def test_more_calls_than_connections(inventory: Participant):
    answers = inventory.at_once(60, lambda: inventory.call("/reserve", new_saga(), ONE))
    assert {answer.status_code for answer in answers} == {200}
    with inventory.database() as database:
        row = database.execute(COUNT).fetchone()
    assert row is not None
    assert 0 < row[0] <= CONNECTIONS


@pytest.mark.slow
def test_without_its_database_it_says_later_and_does_nothing(tmp_path: Path):
    nowhere = "postgres://nobody@127.0.0.1:1/nothing"
    with running("inventory", nowhere, tmp_path) as participant:
        answer = participant.call("/reserve", new_saga(), ONE)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
