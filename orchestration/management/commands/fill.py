"""`manage.py fill`: many made-up sagas, to see how pages, workers and queries do on large tables."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orchestration.filling import NAME, TRIGGER, fill
from orchestration.models import Saga

MOST = 100_000_000


class Command(BaseCommand):
    help = (
        f"Add made-up sagas of the definition {NAME}: nearly all ended, some stuck, some waiting. None is ever called."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sagas", type=int, required=True, help="how many")
        parser.add_argument("--yes", action="store_true", help="also into a database that holds real sagas")

    def handle(self, *_args: Any, **options: Any) -> None:
        count = options["sagas"]
        if not 1 <= count <= MOST:
            raise CommandError(f"--sagas must be from 1 to {MOST}, not {count}")
        if not options["yes"] and Saga.objects.exclude(trigger=TRIGGER).exists():
            raise CommandError(
                "This database holds real sagas, and made-up ones cannot be told from them everywhere nor taken out "
                "again. Give --yes if that is what you want."
            )
        began = time.monotonic()
        written = fill(count)
        seconds = time.monotonic() - began
        self.stdout.write(f"{count} sagas, {sum(written.values())} rows in {seconds:.1f} s")
