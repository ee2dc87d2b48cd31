"""Launches an order by a message, and waits for the answer: `python launch_over_amqp.py AMQP_URL QUEUE`."""

import asyncio
import json
import sys

import aio_pika

ORDER = {"order_id": "AMQP-1", "sku": "SKU-1", "qty": 1, "card": "card-1", "amount": 100, "region": "north"}


async def main(url: str, queue: str) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()  # with publisher confirms
        answers = await channel.declare_queue(exclusive=True)
        message = aio_pika.Message(
            json.dumps({"definition": "place-order", "input": ORDER}).encode(),
            message_id="amqp-1",  # the key: however often this message comes, it makes one saga
            reply_to=answers.name, delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )  # fmt: skip
        await channel.default_exchange.publish(message, queue, mandatory=True)
        async with answers.iterator(no_ack=True) as arriving:
            print((await anext(arriving)).body.decode())


asyncio.run(main(*sys.argv[1:]))
