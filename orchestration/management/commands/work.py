"""`manage.py work`: one worker, serving the drain queue."""

from typing import Any

from django.core.management.base import BaseCommand
from django_rq.workers import get_worker

from orchestration import dispatch
from orchestration.reachable import check_servers
from orchestration.worker import SagaWorker, SignedJSON


class Command(BaseCommand):
    requires_system_checks = ()  # they look at addresses and pages, of which this process has none
    help = "Run one worker. It executes sagas until it is stopped by Ctrl-C or SIGTERM."

    def handle(self, *_args: Any, **_options: Any) -> None:
        check_servers()
        get_worker(dispatch.QUEUE, worker_class=SagaWorker, serializer=SignedJSON).work(logging_level="WARNING")
