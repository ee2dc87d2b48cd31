"""The participant protocol over AMQP: a command to the participant's queue, its answer to a queue of our own.

Commands go to the topic exchange `<prefix>.commands`; the definition's action is the routing key. What cannot be routed
was not sent. Once the broker has a command, silence is doubt.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import aio_pika
from aio_pika.exceptions import DeliveryError
from aiormq.abc import DeliveredMessage
from django.conf import settings

from orchestration.participants.amqp_errors import AMQP_TROUBLE
from orchestration.participants.brokers import broker_of
from orchestration.participants.headers import Headers
from orchestration.participants.hosts import AllowList
from orchestration.participants.http import (
    ASK_SECONDS,
    CONNECT_SECONDS,
    MAX_ANSWER,
    SHOWN,
    STATES,
    HttpParticipant,
    InvalidAnswer,
    NotTold,
    first_line,
    parse_json,
    shown,
)
from orchestration.participants.messages import Answer, Command, Outcome, problem
from orchestration.participants.tls import ssl_context

MOST_SECONDS = 10**9


class NotSent(Exception):
    """The broker has not got the command."""


class ConnectionLost(Exception):
    """The connection to the broker broke while an answer was waited for."""


class AmqpTransport:
    """Calls participants through brokers, one connection for each. Made inside the running loop."""

    def __init__(self, allowed: AllowList, participant: Callable[[str], HttpParticipant], public_url: str) -> None:
        self._headers = Headers(public_url)
        self._allowed = allowed
        self._participant = participant
        self._lines: dict[str, Line] = {}

    async def close(self) -> None:
        await asyncio.gather(*(line.close() for line in self._lines.values()))

    async def send(self, command: Command) -> Answer:
        """Send the command once and wait for its answer. Never raises for what a participant does."""
        participant = self._participant(command.participant)
        if not self._allowed.allows(participant.host):
            return Answer(Outcome.NOT_SENT, error=problem(f"{participant.host} is not an allowed host", "host"))
        body = json.dumps(command.body(), separators=(",", ":")).encode()
        message = aio_pika.Message(
            body, content_type="application/json", message_id=command.key, correlation_id=str(command.saga_id),
            headers=dict(self._headers.of(command, participant.secret, body)), expiration=command.timeout,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )  # fmt: skip
        try:
            raw = await self._line(participant).ask(command.participant, message, command.target, command.timeout)
            answer = meaning(_read(raw), command)
        except NotSent as error:
            return Answer(Outcome.NOT_SENT, error=problem(str(error), "not_sent"))
        except TimeoutError:
            return Answer(Outcome.IN_DOUBT, error=problem(f"no answer in {command.timeout:g} s", "timeout"))
        except (ConnectionLost, *AMQP_TROUBLE) as error:
            return Answer(Outcome.IN_DOUBT, error=problem(f"connection lost: {first_line(error)}", "connection"))
        except InvalidAnswer as error:
            return Answer(Outcome.IN_DOUBT, error=problem(f"invalid answer: {error}", "invalid_answer"))
        return answer._replace(askable=bool(participant.status_path))

    async def ask(self, command: Command) -> Answer | None:
        """Ask about the command's key, by the routing key `status_path`; None: there is none, or no usable answer."""
        participant = self._participant(command.participant)
        if not participant.status_path or not self._allowed.allows(participant.host):
            return None
        try:
            question, at = _question(command.key), participant.status_path
            raw = await self._line(participant).ask(command.participant, question, at, ASK_SECONDS)
            return status_meaning(_read(raw))
        except (NotSent, TimeoutError, ConnectionLost, InvalidAnswer, *AMQP_TROUBLE):
            return None  # no usable answer: the contract says to try again with the same key

    async def look_up(self, name: str, path: str, **params: str) -> Any:
        """What is told of a key by the routing key `path`, for a person. Raises NotTold."""
        participant = self._participant(name)
        if not self._allowed.allows(participant.host):
            raise NotTold("host", f"{participant.host} is not an allowed host")
        try:
            return _read(await self._line(participant).ask(name, _question(params["key"]), path, ASK_SECONDS))
        except NotSent as error:
            raise NotTold("not_sent", str(error)) from error
        except TimeoutError as error:
            raise NotTold("timeout", f"no answer in {ASK_SECONDS:g} s") from error
        except (ConnectionLost, *AMQP_TROUBLE) as error:
            raise NotTold("connection", first_line(error)) from error
        except InvalidAnswer as error:
            raise NotTold("invalid_answer", str(error)) from error

    def _line(self, participant: HttpParticipant) -> "Line":
        if participant.base_url not in self._lines:
            self._lines[participant.base_url] = Line(broker_of(participant.base_url))
        return self._lines[participant.base_url]


class Line:
    """A connection to one broker, made when it is needed and made again after it broke.

    Each participant is told an answer queue of its own, whose name nobody can guess: none can answer for another.
    """

    def __init__(self, url: str | None) -> None:
        self._url = url
        self._lock = asyncio.Lock()
        self._connection: aio_pika.abc.AbstractConnection | None = None
        self._replies: dict[str, str] = {}
        self._waiting: dict[tuple[str, str], set[asyncio.Future[bytes]]] = {}

    async def ask(self, participant: str, message: aio_pika.Message, routing_key: str, seconds: float) -> bytes:
        """The answer to `message`. Raises NotSent, TimeoutError, ConnectionLost, and what aio_pika raises."""
        end = asyncio.get_running_loop().time() + seconds
        exchange, message.reply_to = await self._ways(participant, min(CONNECT_SECONDS, seconds))
        key, answer = (participant, str(message.message_id)), asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, set()).add(answer)
        try:
            async with asyncio.timeout_at(end):
                sent = await exchange.publish(message, routing_key, mandatory=True)
                if isinstance(sent, DeliveredMessage):
                    raise NotSent(f"the broker has no queue for {routing_key}")
                body: bytes = await answer
                return body
        except DeliveryError as error:
            raise ConnectionLost(f"the broker did not confirm: {error}") from error
        finally:
            self._waiting[key].discard(answer)
            if not self._waiting[key]:
                del self._waiting[key]

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _ways(self, participant: str, seconds: float) -> tuple[aio_pika.abc.AbstractExchange, str]:
        """Where commands go, and the queue that the participant is to answer to. Raises NotSent."""
        async with self._lock:
            try:
                async with asyncio.timeout(seconds):
                    if self._connection is None or self._connection.is_closed or self._channel.is_closed:
                        await self._connect()
                    if participant not in self._replies:
                        self._replies[participant] = await self._listen(participant)
            except (TimeoutError, *AMQP_TROUBLE) as error:
                await self.close()
                raise NotSent(f"the broker cannot be reached: {first_line(error)}") from error
            return self._commands, self._replies[participant]

    async def _connect(self) -> None:
        await self.close()
        if self._url is None:
            raise NotSent("the broker is no longer in AMQP_URL or SAGA_AMQP_BROKERS")
        self._connection = await aio_pika.connect(self._url, ssl_context=ssl_context())
        self._channel = await self._connection.channel(publisher_confirms=True)
        name = f"{settings.AMQP_PREFIX}.commands"
        self._commands = await self._channel.declare_exchange(name, aio_pika.ExchangeType.TOPIC, durable=True)
        self._replies.clear()
        self._channel.close_callbacks.add(self._lost)
        self._connection.close_callbacks.add(self._lost)

    async def _listen(self, participant: str) -> str:
        queue = await self._channel.declare_queue(exclusive=True)
        await queue.consume(partial(self._answered, participant), no_ack=True)
        return queue.name

    async def _answered(self, participant: str, message: aio_pika.abc.AbstractIncomingMessage) -> None:
        """Every try of a key waits for the same answer. An answer that nobody waits for any more is no news."""
        for answer in self._waiting.get((participant, message.correlation_id or ""), ()):
            if not answer.done():
                answer.set_result(message.body)

    def _lost(self, _sender: object, error: BaseException | None = None) -> None:
        for waiting in self._waiting.values():
            for answer in waiting:
                if not answer.done():
                    answer.set_exception(ConnectionLost(first_line(error) if error else "closed"))


def _question(key: str) -> aio_pika.Message:
    body = json.dumps({"key": key}).encode()
    return aio_pika.Message(body, content_type="application/json", message_id=f"status:{key}", expiration=ASK_SECONDS)


def _read(raw: bytes) -> Any:
    if len(raw) > MAX_ANSWER:
        raise InvalidAnswer("longer than 1 MiB: " + shown(raw))
    return parse_json(raw)


def meaning(body: Any, command: Command) -> Answer:
    """What the answer to a command says. Raises InvalidAnswer."""
    state = body.get("state") if isinstance(body, dict) else None
    match state:
        case "done":
            return Answer(Outcome.SUCCEEDED, body.get("output"))
        case "accepted":
            return Answer(Outcome.ACCEPTED, retry_after=_wait(body))
        case "try_later":
            return Answer(Outcome.TRY_LATER, error=_said(body), retry_after=_wait(body))
        case "failed":
            return Answer(Outcome.IN_DOUBT, error=_said(body))
        case "refused":
            error = _said(body)
            if error["code"] == "stale_epoch":
                return Answer(Outcome.STALE_EPOCH, error=error)
            gone = body.get("for_ever") is True and command.direction == "compensation"
            return Answer(Outcome.REFUSED, error=error, for_ever=gone)
    raise InvalidAnswer(f"state {state!r}"[:SHOWN])


def status_meaning(body: Any) -> Answer | None:
    """What the answer to a question says; None when it says nothing we know."""
    state = body.get("state") if isinstance(body, dict) else None
    outcome = STATES.get(state) if isinstance(state, str) else None
    if outcome is None:
        return None
    if outcome is Outcome.SUCCEEDED:
        return Answer(outcome, body.get("output"))
    return Answer(
        outcome, error=problem(f"the status endpoint says {state}", "status_endpoint"), retry_after=_wait(body)
    )


def _said(body: dict[str, Any]) -> dict[str, Any]:
    """The participant's own words: `error` is a text, or `{"error", "code"}` as over HTTP."""
    error = body.get("error")
    words, code = (error.get("error"), error.get("code")) if isinstance(error, dict) else (error, body.get("code"))
    text = words if isinstance(words, str) else str(body.get("state"))
    return problem(shown(text.encode()), code[:64] if isinstance(code, str) else "refused")


def _wait(body: dict[str, Any]) -> timedelta | None:
    seconds = body.get("retry_after")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return timedelta(seconds=min(max(0, seconds), MOST_SECONDS))
