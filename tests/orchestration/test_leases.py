"""Whose lease is over: whoever let it run out, and whoever has missed two heartbeats and is not connected any more."""

from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from orchestration.drain.connections import conninfo
from orchestration.identifiers import uuid7
from orchestration.models import Drain
from orchestration.store import leases
from orchestration.sweep import sweep
from tests.orchestration.real_processes import wait_for
from tests.orchestration.scripted import World

UP_FOR_A_LEASE = "SELECT pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => %s)"


@pytest.fixture(autouse=True)
def server_is_up(engine: World) -> None:
    """Nobody is taken for dead while the server has only just started."""

    def for_a_lease() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(UP_FOR_A_LEASE, [leases.LEASE_SECONDS])
            return bool(cursor.fetchone()[0])

    wait_for("the server to be up for as long as a lease", for_a_lease)


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
