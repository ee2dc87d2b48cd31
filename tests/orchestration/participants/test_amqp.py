"""Participants over AMQP: whose answer counts."""

import asyncio
import json
from typing import Any

import aio_pika
import pytest

from orchestration.participants.amqp import AmqpTransport, Line
from orchestration.participants.brokers import without_password
from orchestration.participants.hosts import AllowList
from orchestration.participants.http import HttpParticipant
from orchestration.participants.messages import Answer, Outcome
from tests.amqp import broker_url, new_prefix
from tests.orchestration.participants.test_http import command


@pytest.fixture
def prefix(settings: Any) -> str:
    settings.SAGA_AMQP_BROKERS, settings.AMQP_PREFIX = [broker_url()], new_prefix()
    return str(settings.AMQP_PREFIX)


def played(prefix: str, play: Any) -> Any:
    """`play(transport, queue, say)`: every command of the two participants comes to `queue`."""

    async def go() -> Any:
        known = HttpParticipant(without_password(broker_url()), "", "")
        transport = AmqpTransport(AllowList(["127.0.0.1", "localhost"]), lambda _name: known, "http://console.test")
        async with await aio_pika.connect(broker_url()) as connection:
            channel = await connection.channel()
            commands = await channel.declare_exchange(f"{prefix}.commands", "topic", durable=True)
            queue = await channel.declare_queue(exclusive=True)
            await queue.bind(commands, "#")

            async def say(to: str, key: str, body: dict[str, Any]) -> None:
                said = aio_pika.Message(json.dumps(body).encode(), correlation_id=key)
                await channel.default_exchange.publish(said, to)

            async def next_command() -> Any:
                async with asyncio.timeout(20):
                    async with queue.iterator(no_ack=True) as coming:
                        return await anext(coming)

            try:
                return await play(transport, next_command, say)
            finally:
                await transport.close()
                await commands.delete(if_unused=False)

    return asyncio.run(go())


def test_no_participant_can_answer_for_another(prefix: str) -> None:
    """It knows the saga, guesses the step, and answers to the queue that it was told; nobody waits for that there."""

    async def play(transport: AmqpTransport, next_command: Any, say: Any) -> list[Answer]:
        charge = command(participant="payments", target="payments.charge", step="charge", timeout=20)
        book = charge._replace(participant="mallory", target="mallory.book", step="book")
        asked = [asyncio.ensure_future(transport.send(one)) for one in (charge, book)]
        came = {message.message_id: message for message in [await next_command(), await next_command()]}
        assert came[charge.key].reply_to != came[book.key].reply_to
        told = came[book.key].reply_to
        await say(told, charge.key, {"state": "done", "output": "forged"})
        await say(told, book.key, {"state": "done"})
        await asked[1]
        assert not asked[0].done()
        await say(came[charge.key].reply_to, charge.key, {"state": "done", "output": "true"})
        return await asyncio.gather(*asked)

    charged, booked = played(prefix, play)
    assert (charged.output, booked.outcome) == ("true", Outcome.SUCCEEDED)


def test_a_channel_that_closes_before_the_command_is_out_is_an_answer_and_no_crash(
    prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiormq raises a bare RuntimeError for who waits for his turn on it."""

    async def play(transport: AmqpTransport, next_command: Any, say: Any) -> Answer:
        ways = Line._ways

        async def then_closed(line: Line, participant: str, seconds: float) -> Any:
            found = await ways(line, participant, seconds)
            await line._channel.close()
            return found

        monkeypatch.setattr(Line, "_ways", then_closed)
        return await transport.send(command(target="stock.reserve", timeout=20))

    answer = played(prefix, play)
    assert answer.outcome is Outcome.IN_DOUBT
    assert answer.error is not None
    assert answer.error["code"] == "connection"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"5", b'{"state": ["done"]}', b"\xff", b'{"state": "done", "output": NaN}',
             b"[" * 100_000, b'{"state": "done", "output": "' + b"x" * 1_100_000 + b'"}'],
    ids=lambda body: str(body[:12]),
)  # fmt: skip
def test_nonsense_is_in_doubt_and_the_line_goes_on(prefix: str, body: bytes) -> None:
    async def play(transport: AmqpTransport, next_command: Any, say: Any) -> list[Answer]:
        async def answered(raw: bytes) -> Answer:
            asked = asyncio.ensure_future(transport.send(command(target="stock.reserve", timeout=20)))
            came = await next_command()
            connection = await aio_pika.connect(broker_url())
            async with connection:
                channel = await connection.channel()
                said = aio_pika.Message(raw, correlation_id=came.message_id)
                await channel.default_exchange.publish(said, came.reply_to)
            return await asked

        return [await answered(body), await answered(b'{"state": "done"}')]

    odd, good = played(prefix, play)
    assert (odd.outcome, odd.error and odd.error["code"]) == (Outcome.IN_DOUBT, "invalid_answer")
    assert good.outcome is Outcome.SUCCEEDED
