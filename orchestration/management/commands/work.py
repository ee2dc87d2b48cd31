"""`manage.py work`: one worker, serving one queue: the drains', or that of bulk acts."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django_rq.workers import get_worker

from orchestration import dispatch
from orchestration.reachable import check_servers
from orchestration.worker import SagaWorker, SignedJSON


class Command(BaseCommand):
    requires_system_checks = ()  # they look at addresses and pages, of which this process has none
    help = "Run one worker until it is stopped by Ctrl-C or SIGTERM. By default it executes sagas."

    def add_arguments(self, parser: ArgumentParser) -> None:
        queues = [dispatch.QUEUE, dispatch.HOUSEKEEPING_QUEUE]
        parser.add_argument(
            "--queue", choices=queues, default=dispatch.QUEUE, help="housekeeping: bulk acts and webhooks"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        check_servers()
        get_worker(options["queue"], worker_class=SagaWorker, serializer=SignedJSON).work(logging_level="WARNING")
