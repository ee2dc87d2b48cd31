"""Whose lease is over: whoever let it run out, and whoever has missed two heartbeats and is not connected any more.

And how the sweep sees to it that another drain follows.
"""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from orchestration import dispatch
from orchestration.drain.connections import Connection, connect, conninfo
from orchestration.drain.lease import Lease
from orchestration.identifiers import uuid7
from orchestration.models import Drain
from orchestration.store import leases
from orchestration.sweep import sweep
from tests.orchestration.real_processes import wait_for
from tests.orchestration.scripted import World

UP_FOR_A_LEASE = "SELECT pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => %s)"

MAY_BE_RELEASED = """
SELECT until < clock_timestamp() + make_interval(secs => %s) FROM orchestration_drain WHERE id = %s
"""


@pytest.fixture(autouse=True)
def server_is_up(engine: World) -> None:
    """Nobody is taken for dead while the server has only just started."""

    def for_a_lease() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(UP_FOR_A_LEASE, [leases.LEASE_SECONDS])
            return bool(cursor.fetchone()[0])

    wait_for("the server to be up for as long as a lease", for_a_lease)


async def nothing_to_write(_connection: Connection) -> None:
    """After a heartbeat."""


def a_drain(*, seconds_left: float) -> Drain:
    until = timezone.now() + timedelta(seconds=seconds_left)
    return Drain.objects.create(id=uuid7(), until=until, host="elsewhere", pid=1)


def is_released(one: Drain) -> bool:
    sweep()
    return not Drain.objects.filter(pk=one.pk).exists()


def test_a_drain_that_missed_two_heartbeats_and_is_not_connected_is_dead() -> None:
    assert is_released(a_drain(seconds_left=leases.MISSED_TWO_SECONDS - 0.5))


def test_while_it_is_connected_its_lease_runs_on() -> None:
    frozen = a_drain(seconds_left=leases.MISSED_TWO_SECONDS - 0.5)
    with psycopg.connect(**conninfo(), application_name=f"{leases.CONNECTED_AS}{frozen.pk}"):
        assert not is_released(frozen)


def test_a_drain_that_missed_one_heartbeat_is_not_given_up() -> None:
    assert not is_released(a_drain(seconds_left=leases.LEASE_SECONDS - 1.5 * leases.BEAT_SECONDS))


def test_a_lease_that_has_run_out_is_over() -> None:
    assert is_released(a_drain(seconds_left=-0.1))


def test_a_redis_that_was_emptied_wakes_one_worker_and_not_more() -> None:
    """It knows of no worker then, but one may listen all the same."""
    dispatch.queue().connection.flushdb()
    assert sweep().enqueued == 1
    assert sweep().enqueued == 0
    a_drain(seconds_left=leases.LEASE_SECONDS)
    dispatch.queue().empty()
    assert sweep().enqueued == 0


def test_a_drain_without_its_connection_gives_up_before_others_may_take_it_for_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before each send it asks `holds()`: that must be no before the sweep may release its sagas."""

    async def away(_application: str) -> Connection:
        raise psycopg.OperationalError("away")

    async def until_it_gives_up() -> list[bool]:
        taken = []
        async with await connect("a test") as other:
            lease = Lease()
            await lease.begin(other)
            monkeypatch.setattr("orchestration.drain.lease.connect", away)
            beats = asyncio.create_task(lease.keep(lambda: 0, lambda: None, nothing_to_write))
            while not beats.done():
                cursor = await other.execute(MAY_BE_RELEASED, [leases.MISSED_TWO_SECONDS, lease.id])
                taken.append(bool((await cursor.fetchall())[0][0]) and lease.holds())
                await asyncio.sleep(0.005)
        return taken

    looks = asyncio.run(until_it_gives_up())
    assert len(looks) > 10
    assert not any(looks)
