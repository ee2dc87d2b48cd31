"""The work of one connection: takes start messages, tells the ends of sagas, sends corrected messages again."""

import asyncio
import json
import logging
import struct
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage, AbstractQueue
from aiormq.abc import DeliveredMessage
from pamqp import encode

from orchestration import announcements, dead_letters
from orchestration.announcements import Ended
from orchestration.dead_letters import Letter
from orchestration.models import DeadLetter
from orchestration.participants.amqp_errors import AMQP_TROUBLE
from orchestration.triggers.amqp.database import Database
from orchestration.triggers.amqp.taking import Dead, Started, given_up, take
from orchestration.triggers.amqp.topology import Names, Topology, declare

logger = logging.getLogger(__name__)
Verdict = Callable[[Letter], Started | Dead]
CHANNEL = announcements.AMQP
PUBLISH_SECONDS, CHECK_SECONDS = 10.0, 5.0
AT_ONCE = 200
LETTER = "saga-dead-letter"
LEFT_OUT = "saga-headers"
REASON_BYTES = 1000
HEADER_BYTES = 64 * 1024  # a frame holds 128 KiB, all of a message's properties must fit into one
JSON = "application/json"
KEPT = aio_pika.DeliveryMode.PERSISTENT


class Shift:
    """Made with an open channel; AMQP_TROUBLE, raised by it, means that the connection is of no more use."""

    def __init__(self, channel: AbstractChannel, names: Names, database: Database) -> None:
        self._channel, self._names, self._database = channel, names, database
        self._topology: Topology
        self._consuming: list[tuple[AbstractQueue, str]] = []
        self._busy: set[asyncio.Task[None]] = set()
        self._checked_at = 0.0

    async def begin(self, prefetch: int) -> None:
        await self._channel.set_qos(prefetch)
        self._topology = await declare(self._channel, self._names)
        for queue, verdict in ((self._topology.start, take), (self._topology.dropped, given_up)):
            self._consuming.append((queue, await queue.consume(partial(self._arrived, verdict))))

    async def look(self) -> None:
        """What is to be done beside the messages that come."""
        if self._channel.is_closed:
            raise ConnectionError("the channel was closed")
        if time.monotonic() - self._checked_at > CHECK_SECONDS:
            await self._check_that_we_consume()
        while told := await self._database.if_it_is_there(lambda: announcements.take(CHANNEL, AT_ONCE)):
            await self._tell(told)
        for letter in await self._database.if_it_is_there(dead_letters.to_do) or ():
            await self._see_to(letter)

    async def end(self) -> None:
        """Take nothing new, and finish what was begun."""
        for queue, tag in self._consuming:
            await queue.cancel(tag)
        if self._busy:
            await asyncio.wait(self._busy, timeout=PUBLISH_SECONDS)

    async def _check_that_we_consume(self) -> None:
        """A queue that was deleted, or that lost its leader, drops its consumers without a word."""
        self._checked_at = time.monotonic()
        found = await self._channel.declare_queue(self._names.start, passive=True)
        if not found.declaration_result.consumer_count:
            raise ConnectionError("the broker no longer knows this consumer")

    # -- messages that come --------------------------------------------------------------------------------------

    async def _arrived(self, verdict: Verdict, message: AbstractIncomingMessage) -> None:
        task = asyncio.ensure_future(self._finish(verdict, message))
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)
        await task

    async def _finish(self, verdict: Verdict, message: AbstractIncomingMessage) -> None:
        letter = _letter(message)
        try:
            taken = await self._database.patiently(lambda: verdict(letter))
            if isinstance(taken, Dead):
                await self._publish(self._topology.dead.name, _dead_copy(message, taken))
            await self._answer(message, taken)
            await message.ack()  # only now: the saga, or the dead letter, is committed
        except AMQP_TROUBLE as error:
            logger.warning("a message was not acknowledged, it comes again: %s", str(error) or type(error).__name__)

    async def _answer(self, message: AbstractIncomingMessage, taken: Started | Dead) -> None:
        """To whoever asked for an answer; one whose queue is gone does not want it any more."""
        if message.reply_to:
            to = message.correlation_id or message.message_id
            answer = aio_pika.Message(taken.reply(), correlation_id=to, content_type=JSON)
            exchange = self._channel.default_exchange
            await exchange.publish(answer, message.reply_to, mandatory=False, timeout=PUBLISH_SECONDS)

    async def _publish(self, queue: str, message: aio_pika.Message) -> None:
        """Returns when the broker has confirmed it, in a queue."""
        exchange = self._channel.default_exchange
        sent = await exchange.publish(message, queue, mandatory=True, timeout=PUBLISH_SECONDS)
        if isinstance(sent, DeliveredMessage):
            raise ConnectionError(f"the queue {queue} is gone")

    # -- ends of sagas, and messages that were corrected ------------------------------------------------------------

    async def _tell(self, ended: list[Ended]) -> None:
        events = self._topology.events
        await asyncio.gather(*(_tell_one(events, one) for one in ended))
        await self._database.patiently(lambda: announcements.forget(CHANNEL, ended))

    async def _see_to(self, letter: DeadLetter) -> None:
        """Send a corrected message, and take the refused copies out of the dead-letter queue."""
        if letter.state == DeadLetter.State.RESENDING:
            await self._publish(self._names.start, _corrected(letter))
            await self._database.patiently(lambda: dead_letters.resent(letter))
        await self._remove_copies(letter)
        await self._database.patiently(lambda: dead_letters.copies_removed(letter))

    async def _remove_copies(self, letter: DeadLetter) -> None:
        others, queue = [], self._topology.dead
        while (message := await queue.get(fail=False)) is not None:
            if message.headers.get(LETTER) == str(letter.pk):
                await message.ack()
            else:
                others.append(message)
        for message in others:
            await message.nack(requeue=True)


def _letter(message: AbstractIncomingMessage) -> Letter:
    """`sender`: the user that the broker has checked, else what the program calls itself."""
    return Letter(
        message.body, message.message_id or "", message.reply_to or "", str(message.correlation_id or ""),
        message.user_id or message.app_id or "",
    )  # fmt: skip


def _dead_copy(message: AbstractIncomingMessage, dead: Dead) -> aio_pika.Message:
    """The message as it came, with the reason."""
    why = {"saga-reason": _cut(dead.reason), "saga-code": dead.code, LETTER: str(dead.letter_id)}
    return aio_pika.Message(
        message.body, headers={**_headers_of(message), **why}, content_type=message.content_type,
        message_id=message.message_id, correlation_id=message.correlation_id, reply_to=message.reply_to,
        delivery_mode=KEPT,
    )  # fmt: skip


def _headers_of(message: AbstractIncomingMessage) -> dict[str, Any]:
    """Those of the message, if they fit into the copy with ours.

    What the broker cannot take back closes our connection, and the message would come again for ever.
    """
    try:
        fits = len(encode.field_table(message.headers)) <= HEADER_BYTES
    except (TypeError, ValueError, OverflowError, struct.error):
        fits = False
    return dict(message.headers) if fits else {LEFT_OUT: "its headers are not repeated: they are too large, or odd"}


def _corrected(letter: DeadLetter) -> aio_pika.Message:
    """Under the same id, so that a second sending after a crash makes no second saga."""
    return aio_pika.Message(
        letter.corrected.encode(), message_id=letter.message_id or f"dead:{letter.pk}",
        correlation_id=letter.correlation_id or None, reply_to=letter.reply_to or None, app_id=letter.handled_by,
        headers={LETTER: str(letter.pk)}, content_type=JSON, delivery_mode=KEPT,
    )  # fmt: skip


async def _tell_one(events: AbstractExchange, ended: Ended) -> None:
    message = aio_pika.Message(
        json.dumps(ended.body).encode(), message_id=ended.id, type="saga.ended", content_type=JSON, delivery_mode=KEPT
    )
    key = f"{ended.definition}.{ended.status}"
    await events.publish(message, key, mandatory=False, timeout=PUBLISH_SECONDS)


def _cut(text: str) -> str:
    return text.encode()[:REASON_BYTES].decode("utf-8", "ignore")
