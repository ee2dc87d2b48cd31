"""A client of the broker for tests: publishes with confirms, gets, binds."""

import asyncio
import json
from collections.abc import Coroutine, Iterable
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from orchestration.participants.amqp_errors import AMQP_TROUBLE

QUORUM = {"x-queue-type": "quorum"}
PATIENCE_SECONDS = 40


class Client:
    """One connection, on a loop of its own; `close` ends both."""

    def __init__(self, url: str, prefix: str) -> None:
        self._runner, self._url, self.prefix = asyncio.Runner(), url, prefix
        self._connection: aio_pika.abc.AbstractConnection | None = None
        self._channel: aio_pika.abc.AbstractChannel
        self._opening = asyncio.Lock()

    def close(self) -> None:
        if self._connection is not None:
            self.run(self._connection.close())
        self._runner.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)

    def send(self, body: Any, message_id: str | None = None, **more: Any) -> None:
        """To the start queue; returns when the broker has confirmed it."""
        self.run(self.publish([(body, message_id)], **more))

    async def publish(self, messages: Iterable[tuple[Any, str | None]], **more: Any) -> None:
        """Through every absence of the broker, as a careful producer would: what is not confirmed is sent again."""
        await asyncio.gather(*(self._publish(body, message_id, more) for body, message_id in messages))

    async def _publish(self, body: Any, message_id: str | None, more: dict[str, Any]) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        message = aio_pika.Message(raw, message_id=message_id, delivery_mode=aio_pika.DeliveryMode.PERSISTENT, **more)
        end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while True:
            try:
                channel = await self._open()
                await channel.default_exchange.publish(message, f"{self.prefix}.start", timeout=10)
                return
            except AMQP_TROUBLE:
                assert asyncio.get_running_loop().time() < end, "the broker did not come back"
                await asyncio.sleep(0.1)

    async def _open(self) -> Any:
        async with self._opening:
            if self._connection is None or self._connection.is_closed or self._channel.is_closed:
                self._connection = await aio_pika.connect(self._url, timeout=10)
                self._channel = await self._connection.channel()
            return self._channel

    def queue(self, name: str, *, bind: tuple[str, str] | None = None) -> "Queue":
        """A queue of the consumer's (`name` without prefix), or a new one, bound to an exchange with a key."""
        return Queue(self, name, bind)


class Queue:
    def __init__(self, client: Client, name: str, bind: tuple[str, str] | None) -> None:
        self._client = client
        self._queue: Any = client.run(self._declare(name, bind))
        self.name: str = self._queue.name

    async def _declare(self, name: str, bind: tuple[str, str] | None) -> Any:
        channel = await self._client._open()
        if name:
            return await channel.declare_queue(f"{self._client.prefix}.{name}", passive=True)
        queue = await channel.declare_queue(exclusive=True)
        if bind is not None:
            exchange, key = bind
            await queue.bind(f"{self._client.prefix}.{exchange}", key)
        return queue

    def get(self) -> AbstractIncomingMessage:
        """The next message, acknowledged."""
        return self._client.run(self._get())  # type: ignore[no-any-return]  # the client's loop gives anything

    async def _get(self) -> AbstractIncomingMessage:
        end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while (message := await self._queue.get(fail=False)) is None:
            assert asyncio.get_running_loop().time() < end, f"nothing came to {self.name}"
            await asyncio.sleep(0.02)
        await message.ack()
        return message  # type: ignore[no-any-return]  # the client's loop gives anything

    def length(self) -> int:
        """How many messages are ready in it."""
        return int(self._client.run(self._length()))

    async def _length(self) -> int:
        channel = await self._client._open()
        queue = await channel.declare_queue(self.name, passive=True)
        return int(queue.declaration_result.message_count or 0)
