"""One LISTEN connection per process, shared by every open page. It says only *that* something changed, never what.

It listens while somebody watches. When its connection is lost all streams end, so that browsers say "reconnecting"
instead of showing old facts as live; the first one that comes back makes a new connection.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from django.db import connections

CHANNEL = "saga_changed"
CONNECT_WITHIN_SECONDS = 3.0
logger = logging.getLogger(__name__)


class NotListening(Exception):
    """The database cannot be listened to at present."""


class Subscription:
    """A flag that is raised by changes: however many come between two looks, it is up or down."""

    def __init__(self, saga_id: UUID | None) -> None:
        self.saga_id = str(saga_id) if saga_id else None
        self.closed = False
        self._changed = asyncio.Event()

    def tell(self, saga_ids: set[str] | None) -> None:
        """`saga_ids` None: many, or unknown which."""
        if saga_ids is None or self.saga_id is None or self.saga_id in saga_ids:
            self._changed.set()

    def close(self) -> None:
        self.closed = True
        self._changed.set()

    async def changed(self, *, within_seconds: float) -> bool:
        """Wait for the next change; False when none came in time."""
        try:
            await asyncio.wait_for(self._changed.wait(), within_seconds)
        except TimeoutError:
            return False
        self._changed.clear()
        return True


class Hub:
    """The subscriptions of one event loop and the connection that feeds them."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._task: asyncio.Task[None] | None = None
        self._connecting = asyncio.Lock()

    async def listen(self) -> None:
        """Make sure that changes are heard. Raises NotListening."""
        async with self._connecting:
            if self._task is not None and not self._task.done():
                return
            try:
                connection = await asyncio.wait_for(_connect(), CONNECT_WITHIN_SECONDS)
            except (TimeoutError, psycopg.Error) as error:
                raise NotListening from error
            self._task = asyncio.create_task(self._hear(connection))

    @contextlib.contextmanager
    def subscribed(self, saga_id: UUID | None) -> Iterator[Subscription]:
        """A subscription to one saga, or to all (`saga_id` None). It begins closed when nobody listens any more."""
        subscription = Subscription(saga_id)
        self._subscriptions.add(subscription)
        if self._task is None or self._task.done():
            subscription.close()
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            if not self._subscriptions and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _hear(self, connection: psycopg.AsyncConnection[Any]) -> None:
        try:
            async with connection:
                async for notification in connection.notifies():
                    self._tell(notification.payload)
        except psycopg.Error as error:
            logger.warning("live updates: the connection that listens was lost: %s", error)
        finally:
            if self._task is asyncio.current_task():  # otherwise the subscriptions belong to a newer connection
                for subscription in self._subscriptions:
                    subscription.close()

    def _tell(self, payload: str) -> None:
        saga_ids = changed_sagas(payload)
        for subscription in self._subscriptions:
            subscription.tell(saga_ids)


async def _connect() -> psycopg.AsyncConnection[Any]:
    connection = await psycopg.AsyncConnection.connect(**_address(), autocommit=True)
    await connection.execute(f"LISTEN {CHANNEL}")
    return connection


def changed_sagas(payload: str) -> set[str] | None:
    """The ids in a notification; None for "many" and for whatever cannot be read: a page then looks itself."""
    try:
        return {str(saga_id) for saga_id, _revision in json.loads(payload)["sagas"]}
    except (ValueError, KeyError, TypeError):
        return None


def _address() -> dict[str, Any]:
    parameters = connections["default"].get_connection_params()
    return {key: value for key, value in parameters.items() if key not in {"cursor_factory", "context", "pool"}}


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
