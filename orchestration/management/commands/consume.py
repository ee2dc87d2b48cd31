"""`manage.py consume`: the way in by RabbitMQ."""

import asyncio
import signal
from argparse import ArgumentParser
from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from orchestration.participants.brokers import without_password
from orchestration.reachable import check_servers


class Command(BaseCommand):
    help = "Make sagas of the start messages of AMQP_URL, and tell the ends of sagas there, until Ctrl-C or SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--no-events", action="store_true", help="tell no ends of sagas, and forget those that were not told yet"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if not settings.AMQP_URL:
            raise CommandError("AMQP_URL is not set (example: amqp://user:password@host:5672/vhost)")
        check_servers()
        uvloop.run(_consume(tells=not options["no_events"]))


async def _consume(*, tells: bool) -> None:
    from orchestration.triggers.amqp.consumer import Consumer  # noqa: PLC0415  only here is AMQP needed

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    consumer = Consumer(
        url=settings.AMQP_URL, prefix=settings.AMQP_PREFIX, prefetch=settings.AMQP_PREFETCH, tells=tells, stop=stop
    )
    where = without_password(settings.AMQP_URL)
    await consumer.run(lambda: print(f"AMQP: {where} {settings.AMQP_PREFIX}.start", flush=True))
