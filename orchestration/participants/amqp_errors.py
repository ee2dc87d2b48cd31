"""What is raised when a connection to a broker, or a channel, is of no more use."""

import asyncio

from aio_pika.exceptions import AMQPError
from aiormq.exceptions import ChannelInvalidStateError

# A channel that was closed while somebody waited for his turn on it raises the last one, a RuntimeError.
AMQP_TROUBLE = (AMQPError, OSError, asyncio.InvalidStateError, ChannelInvalidStateError)
