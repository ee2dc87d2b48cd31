"""The stream: it says that something changed, to those who may know, and holds no database connection."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection, connections
from django.http import StreamingHttpResponse
from django.test import AsyncClient

from orchestration.console.hub import CHANNEL, changed_sagas, hub
from orchestration.console.live import CHANGED, HELLO
from orchestration.identifiers import uuid7
from orchestration.roles import make_groups
from tests.cast import make_cast

PATIENCE_SECONDS = 10
STREAMS = 30


@pytest.mark.parametrize("payload", ['{"many": true}', "nonsense", "[]", '{"sagas": 3}'])
def test_what_cannot_be_read_means_many(payload: str) -> None:
    assert changed_sagas(payload) is None


def test_a_notification_names_its_sagas() -> None:
    saga_id = str(uuid7())
    assert changed_sagas(json.dumps({"sagas": [[saga_id, 3], [saga_id, None]]})) == {saga_id}


def test_strangers_and_visitors_get_no_stream(transactional_db: None) -> None:
    async def scenario() -> None:
        client = AsyncClient()
        assert (await client.get("/live/")).status_code == 403
        cast = await sync_to_async(make_cast)()
        await client.aforce_login(cast.stranger.user)
        assert (await client.get("/live/")).status_code == 403

    async_to_sync(scenario)()


@pytest.fixture
def viewer_client(transactional_db: None) -> AsyncClient:
    make_groups()
    client = AsyncClient()
    client.force_login(make_cast().viewer.user)
    return client


def test_a_change_of_this_saga_is_told_and_of_others_not(viewer_client: AsyncClient) -> None:
    mine, other = uuid7(), uuid7()

    async def scenario() -> None:
        stream = await opened(viewer_client, mine)
        await notify({"sagas": [[str(other), 1]]})
        await notify({"sagas": [[str(mine), 1]]})
        assert await following(stream) == CHANGED
        await notify({"many": True})
        assert await following(stream) == CHANGED
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator

    async_to_sync(scenario)()


def test_streams_end_when_the_listener_is_lost_so_that_browsers_come_back(viewer_client: AsyncClient) -> None:
    async def scenario() -> None:
        stream = await opened(viewer_client, None)
        await sync_to_async(lose_the_listener)()
        assert [message async for message in stream if message != CHANGED] == []
        again = await opened(viewer_client, None)
        await notify({"many": True})
        assert await following(again) == CHANGED
        await again.aclose()  # type: ignore[attr-defined]  # it is a generator

    async_to_sync(scenario)()


def test_thirty_streams_hold_one_connection(viewer_client: AsyncClient) -> None:
    async def scenario() -> int:
        before = await sync_to_async(backends)()
        streams = [await opened(viewer_client, None) for _ in range(STREAMS)]
        number = await sync_to_async(backends)() - before
        for stream in streams:
            await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
        streams.clear()
        await everybody_left()
        return number

    # The listener, and the one with which requests ask who it is. Tests before this one may have left others.
    assert async_to_sync(scenario)() <= 2


async def everybody_left() -> None:
    """Wait until no stream is subscribed. The test client ties responses into cycles, which only a collection frees."""
    gc.collect()
    for _turn in range(STREAMS):
        await asyncio.sleep(0)
    assert not hub()._subscriptions


async def opened(client: AsyncClient, saga_id: UUID | None) -> AsyncIterator[bytes]:
    path = f"/sagas/{saga_id}/live/" if saga_id else "/live/"
    response: Any = await client.get(path, headers={"Accept-Encoding": "gzip"})
    assert isinstance(response, StreamingHttpResponse)
    assert "Content-Encoding" not in response
    assert "no-store" in response["Cache-Control"]
    stream: AsyncIterator[bytes] = response.streaming_content  # type: ignore[assignment]  # the view is async
    assert await following(stream) == HELLO
    return stream


async def following(stream: AsyncIterator[bytes]) -> bytes:
    return await asyncio.wait_for(anext(stream), PATIENCE_SECONDS)


async def notify(payload: dict[str, Any]) -> None:
    def send() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, json.dumps(payload)])

    await sync_to_async(send)()


def lose_the_listener() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%'")


def backends() -> int:
    parameters = connections["default"].get_connection_params()
    address = {key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if key in parameters}
    with psycopg.connect(**address) as looking:
        row = looking.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"  # autovacuum comes and goes
        ).fetchone()
    assert row is not None
    return int(row[0])
