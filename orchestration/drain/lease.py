"""The drain's own lease and what runs beside the loop: heartbeat, listening, telling pages what changed."""

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import cast
from uuid import UUID

import psycopg

from orchestration import dispatch
from orchestration.drain.connections import Connection, connect
from orchestration.drain.suspects import Apart
from orchestration.identifiers import uuid7
from orchestration.store import leases
from orchestration.store.leases import BEAT_SECONDS, CONNECTED_AS, LEASE_SECONDS, MISSED_TWO_SECONDS

logger = logging.getLogger(__name__)
FRESH_SECONDS = LEASE_SECONDS - 1.5 * BEAT_SECONDS
RECONNECT_SECONDS = 0.5


class LeaseLost(Exception):
    """The lease has run out: whatever this drain held may belong to another by now."""


class Lease:
    """One row in the drain table, kept alive on the loop that makes the calls: a hung loop loses its lease.

    `configuration`: the version of the configuration at the last heartbeat.
    """

    def __init__(self) -> None:
        self.id: UUID = uuid7()
        self.waiting: Apart | None = None
        self.lost = False
        self.configuration: int | None = None
        self._good_until = self._sure_until = 0.0

    async def begin(self, connection: Connection) -> datetime:
        """Insert the row; returns the database's time."""
        asked = time.monotonic()
        values = [self.id, LEASE_SECONDS, socket.gethostname(), os.getpid()]
        [(now,)] = await (await connection.execute(leases.BEGIN_DRAIN, values)).fetchall()
        self._prolonged(asked)
        return cast(datetime, now)

    def holds(self) -> bool:
        """Whether the lease is good now, by the monotonic clock."""
        return not self.lost and time.monotonic() < self._good_until

    async def keep(
        self,
        in_flight: Callable[[], int],
        on_loss: Callable[[], None],
        after_beat: Callable[[Connection], Awaitable[None]],
    ) -> None:
        """Heartbeat until cancelled, or until the lease is lost. A database that is away is tried again soon.

        The connection stays open between heartbeats: while it is there, this process lives. Without it, others may take
        this drain for dead before the lease has run out, so from then on the lease is good for that much less.
        `after_beat` may write what can wait for it, on the same connection.
        """
        connection: Connection | None = None
        try:
            while self.holds():
                pause = BEAT_SECONDS
                try:
                    if connection is None or connection.closed:
                        connection = await connect(f"{CONNECTED_AS}{self.id}")
                    await self._beat(connection, in_flight())
                    await after_beat(connection)
                except psycopg.OperationalError as error:
                    logger.warning("drain %s: no heartbeat: %s", self.id, error)
                    connection, pause = None, RECONNECT_SECONDS
                    self._good_until = self._sure_until
                await asyncio.sleep(pause)
        finally:
            if connection is not None:
                await connection.close()
        self.lost = True
        on_loss()

    async def _beat(self, connection: Connection, in_flight: int) -> None:
        asked = time.monotonic()
        row = await (await connection.execute(leases.HEARTBEAT, [LEASE_SECONDS, in_flight, self.id])).fetchone()
        if row is None:
            self.lost = True
            return
        self.configuration = row[0]
        self._prolonged(asked)
        await self.look_for_suspects(connection)

    def _prolonged(self, asked: float) -> None:
        self._good_until = asked + LEASE_SECONDS
        self._sure_until = self._good_until - MISSED_TWO_SECONDS

    async def look_for_suspects(self, connection: Connection) -> None:
        """Which suspects wait for this drain to call them. Only one drain makes room for them at a time."""
        row = await (await connection.execute(leases.SUSPECTS_WAITING, [FRESH_SECONDS, self.id])).fetchone()
        self.waiting = Apart(row[0]) if row and row[0] else None


async def listen(channel: str, on_notice: Callable[[str], None]) -> None:
    """Call `on_notice` with each notification's payload, and after each reconnect since some may have been missed."""
    while True:
        try:
            async with await connect("sagaconsole listen") as connection:
                await connection.execute(f"LISTEN {channel}")
                on_notice("")
                async for notice in connection.notifies():
                    on_notice(notice.payload)
        except psycopg.OperationalError as error:
            logger.warning("not listening on %s: %s", channel, error)
        await asyncio.sleep(RECONNECT_SECONDS)


class Announcer:
    """Tells pages which sagas changed: at most once per 20 ms, the first after a silence at once, never in a commit."""

    def __init__(self) -> None:
        self._changed: dict[UUID, int] = {}
        self._wake = asyncio.Event()

    def changed(self, saga_id: UUID, revision: int) -> None:
        self._changed[saga_id] = revision
        self._wake.set()

    async def run(self) -> None:
        connection: Connection | None = None
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                payload = dispatch.changed_payload(list(self._changed.items()))
                self._changed.clear()
                try:
                    connection = connection or await connect("sagaconsole announce")
                    await connection.execute("SELECT pg_notify(%s, %s)", [dispatch.CHANGED_CHANNEL, payload])
                except psycopg.OperationalError as error:
                    logger.warning("pages were not told of changes: %s", error)
                    connection = None
                await asyncio.sleep(dispatch.QUIET_SECONDS)
        finally:
            if connection is not None:
                with contextlib.suppress(psycopg.Error):
                    await connection.close()
