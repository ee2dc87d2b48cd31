"""`manage.py saga`: what is done to sagas from the shell only."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from orchestration import audit
from orchestration.restoring import advance_epochs


class Command(BaseCommand):
    help = "Repairs that need the shell."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        after_restore = verbs.add_parser(
            "advance-epochs",
            help="after an older backup was restored: raise every live saga's epoch past all seen before",
        )
        after_restore.add_argument("--reason", default="an older backup was restored", help="for the audit")

    def handle(self, *_args: Any, **options: Any) -> None:
        number = advance_epochs(actor=audit.shell("saga"), reason=options["reason"])
        self.stdout.write(f"advanced the epochs of {number} live sagas")
