"""`manage.py dispatcher`: the small loop that makes sure that due work finds a drain."""

import logging
import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections, connection

from orchestration import audit_chain
from orchestration.reachable import check_servers
from orchestration.sweep import sweep

logger = logging.getLogger("orchestration.dispatcher")
ROUND_SECONDS = 1.0


class Command(BaseCommand):
    requires_system_checks = ()  # they look at addresses and pages, of which this process has none
    help = "Heal lost wake-ups and dead leases, once a second. Two of them do no harm."

    def handle(self, *_args: Any, **_options: Any) -> None:
        check_servers()
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.wait(ROUND_SECONDS):
            self._round()

    def _round(self) -> None:
        try:
            done = sweep()
            self._keep_audit()
        except DatabaseError as error:
            logger.warning("the database cannot be reached: %s", str(error).strip().splitlines()[0])
            connection.close()
            close_old_connections()
            return
        if done.dead_drains or done.ownerless:
            logger.warning(
                "released %d sagas of %d dead drains and %d without an owner",
                done.released, done.dead_drains, done.ownerless,
            )  # fmt: skip

    def _keep_audit(self) -> None:
        """Seal what waits, and look at a bit of the chain. A broken one stops nothing, but is said again and again."""
        audit_chain.seal()
        found = audit_chain.patrol()
        if found and found.broken:
            logger.error("the audit is not as it was sealed: %s", found.broken)
