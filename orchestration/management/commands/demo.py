"""`manage.py demo`, for the list of commands; `manage.py` itself answers it, before Django needs its settings."""

import sys
from typing import NoReturn

from django.core.management.base import BaseCommand

from sagaconsole.demo import main


class Command(BaseCommand):
    help = "Run the whole system here, on its own PostgreSQL and Valkey, until Ctrl-C."

    def run_from_argv(self, argv: list[str]) -> NoReturn:
        sys.exit(main(argv[2:]))

    def print_help(self, _prog_name: str, _subcommand: str) -> None:
        main(["--help"])

    def handle(self, *_args: object, **_options: object) -> None:
        """Reached by `call_command` only: the demo with its default options."""
        sys.exit(main([]))
