"""The protocol over AMQP: the same calls, barrier and ledger as over HTTP (views.py).

Commands come from the queue that bears this participant's name; it is bound to `<prefix>.commands` with
`<participant>.*`. A command is acknowledged after its commit and its answer: what dies in between comes again.
"""

import asyncio
import json
import logging
from functools import partial
from typing import Any

import aio_pika
from aio_pika.exceptions import AMQPError

from participants_demo import desk, signature
from participants_demo.protocol import AcceptedAnswer, AnswerError, make_call, read_object
from participants_demo.service import Service
from participants_demo.service_settings import AMQP_PREFIX, AMQP_URL, PARTICIPANT, PARTICIPANT_SECRET

AT_ONCE = 32
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0
LATER = {425, 503}
logger = logging.getLogger(__name__)


async def serve(service: Service) -> None:
    """Answer until cancelled, through every absence of the broker."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            async with await aio_pika.connect(AMQP_URL) as connection:
                await _consume(connection, service)
                pause = FIRST_PAUSE_SECONDS
                await connection.closed()
        except (AMQPError, OSError) as error:
            logger.warning("the broker cannot be reached: %s", error)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


async def _consume(connection: aio_pika.abc.AbstractConnection, service: Service) -> None:
    channel = await connection.channel()
    await channel.set_qos(AT_ONCE)
    commands = await channel.declare_exchange(f"{AMQP_PREFIX}.commands", aio_pika.ExchangeType.TOPIC, durable=True)
    queue = await channel.declare_queue(
        f"{AMQP_PREFIX}.{PARTICIPANT}", durable=True, arguments={"x-queue-type": "quorum"}
    )
    await queue.bind(commands, f"{PARTICIPANT}.*")
    await queue.consume(partial(_take, service, channel.default_exchange))


async def _take(
    service: Service, answers: aio_pika.abc.AbstractExchange, message: aio_pika.abc.AbstractIncomingMessage
) -> None:
    answer = await _answer(service, message)
    try:
        if message.reply_to:
            reply = aio_pika.Message(
                json.dumps(answer).encode(), content_type="application/json", correlation_id=message.message_id
            )
            await answers.publish(reply, message.reply_to, mandatory=False)
        await message.ack()
    except (AMQPError, OSError) as error:
        logger.warning("an answer was not delivered, the command comes again: %s", error)


async def _answer(service: Service, message: aio_pika.abc.AbstractIncomingMessage) -> dict[str, Any]:
    verb = (message.routing_key or "").removeprefix(f"{PARTICIPANT}.")
    try:
        if verb == "status":
            return await desk.state_of(str(read_object(message.body).get("key")))
        headers = {name.lower(): str(value) for name, value in message.headers.items()}
        if PARTICIPANT_SECRET:
            signature.check(secret=PARTICIPANT_SECRET, headers=headers, body=message.body)
        call = make_call(headers=headers, fields=read_object(message.body))
        return {"state": "done", "output": json.loads(await desk.do(service, f"/{verb}", call))}
    except AcceptedAnswer as accepted:
        return {"state": "accepted", "retry_after": accepted.retry_after_seconds}
    except AnswerError as error:
        return _refusal(error)
    except Exception:  # the border of the process: nobody knows whether it was done; the log has the traceback
        logger.exception("a call over AMQP broke")
        return {"state": "failed", "error": "something broke; the log of this participant says what"}


def _refusal(error: AnswerError) -> dict[str, Any]:
    if error.status in LATER:
        return {"state": "try_later", "error": error.as_json(), "retry_after": error.retry_after_seconds}
    state = "failed" if error.status >= 500 else "refused"
    return {"state": state, "error": error.as_json(), "for_ever": error.status == 410}
