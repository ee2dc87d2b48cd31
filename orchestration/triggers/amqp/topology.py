"""What is declared on the broker. Names begin with AMQP_PREFIX, so that deployments can share a broker."""

from dataclasses import dataclass

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractQueue, FieldValue

# A message is given back only by a consumer that died or lost its connection. Some crashes are no reason to give up;
# RabbitMQ 4 would after 20.
MOST_DELIVERIES = 1000


@dataclass(frozen=True, slots=True)
class Names:
    """`start`: where start messages go. `dead`: refused ones, for tools. `dropped`: what the broker gave up on."""

    prefix: str

    @property
    def start(self) -> str:
        return f"{self.prefix}.start"

    @property
    def dead(self) -> str:
        return f"{self.prefix}.start.dead"

    @property
    def dropped(self) -> str:
        return f"{self.prefix}.start.dropped"

    @property
    def events(self) -> str:
        return f"{self.prefix}.events"


@dataclass(frozen=True, slots=True)
class Topology:
    """The declared queues and exchanges, on one channel."""

    start: AbstractQueue
    dead: AbstractQueue
    dropped: AbstractQueue
    events: AbstractExchange


async def declare(channel: AbstractChannel, names: Names) -> Topology:
    """Quorum queues: what was confirmed survives the loss of a node. Declaring again changes nothing."""
    quorum: dict[str, FieldValue] = {"x-queue-type": "quorum"}
    dead = await channel.declare_queue(names.dead, durable=True, arguments=quorum)
    dropped = await channel.declare_queue(names.dropped, durable=True, arguments=quorum)
    start = await channel.declare_queue(names.start, durable=True, arguments={
        **quorum, "x-delivery-limit": MOST_DELIVERIES, "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": names.dropped,
    })  # fmt: skip
    events = await channel.declare_exchange(names.events, aio_pika.ExchangeType.TOPIC, durable=True)
    return Topology(start, dead, dropped, events)
