"""Figures on their way into the table: added up, kept when they cannot be written, and never waited for."""

import asyncio

import psycopg
import pytest
from django.db import connection, transaction

from orchestration.drain import connections, counting
from orchestration.models import Figure
from orchestration.store.figures import ADD, Figures, labels_text, parameters
from tests.orchestration.conftest import engine  # noqa: F401  the fixture
from tests.orchestration.scripted import World


def write(told: Figures, *, server: str = "") -> None:
    async def once() -> None:
        async with await connections.connect("test") as one:
            if server:
                await one.execute(server)
            await counting.write(told, one)

    asyncio.run(once())


def kept(name: str, *labels: str) -> Figure:
    return Figure.objects.get(name=name, labels=labels_text(labels))


def test_figures_add_up_over_writers(engine: World) -> None:  # noqa: F811
    for _writer in range(2):
        told = Figures()
        told.count("calls_lost_total", by=3)
        told.observe(("call_duration_seconds", "a", "action", "succeeded"), 0.003)
        told.observe(("call_duration_seconds", "a", "action", "succeeded"), 1000.0)
        write(told)
        write(told)  # nothing is left to write
    assert kept("calls_lost_total").count == 6
    spread = kept("call_duration_seconds", "a", "action", "succeeded")
    assert spread.count == 4
    assert spread.total == pytest.approx(2000.006)
    assert (spread.buckets[0], spread.buckets[-1], sum(spread.buckets)) == (2, 2, 4)


def test_what_could_not_be_written_is_written_the_next_time(engine: World) -> None:  # noqa: F811
    told = Figures()
    told.count("calls_lost_total")
    told.observe(("claim_batch_sagas",), 5)
    write(told, server="SET default_transaction_read_only = on")
    with pytest.raises(psycopg.OperationalError):
        write(told, server="SELECT pg_terminate_backend(pg_backend_pid())")
    told.observe(("claim_batch_sagas",), 6)
    write(told)
    assert kept("calls_lost_total").count == 1
    assert (kept("claim_batch_sagas").count, kept("claim_batch_sagas").total) == (2, 11)


def test_figures_wait_for_no_disk(engine: World) -> None:  # noqa: F811
    told = Figures()
    told.count("calls_lost_total")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on")
        cursor.execute(ADD, parameters(told.take()))
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("off",)


def test_figures_wait_for_no_lock_for_long(engine: World) -> None:  # noqa: F811
    """The next heartbeat comes on the same connection."""
    told = Figures()
    told.count("calls_lost_total")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE orchestration_figure")
        write(told)
    assert not Figure.objects.exists()
    write(told)
    assert kept("calls_lost_total").count == 1
