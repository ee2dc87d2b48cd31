"""`manage.py audit verify`: is every audit row as it was sealed?"""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orchestration import audit_chain


class Command(BaseCommand):
    help = "Verify the audit's hash chain. The first row that is not as it was sealed is named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verify = verbs.add_parser("verify", help="look at every row; exit status 1 when one is not as it was sealed")
        verify.add_argument(
            "--noted", type=noted, metavar="NUMBER:DIGEST",
            help="an end of the chain that you noted earlier: shows whether rows were cut off since",
        )  # fmt: skip

    def handle(self, *_args: Any, **options: Any) -> None:
        found = audit_chain.verify(noted=options["noted"])
        if found.broken:
            raise CommandError(f"broken after {found.position} good rows. First: {found.broken}")
        waiting = audit_chain.state().waiting
        self.stdout.write(f"{found.position} rows verified, {waiting} wait to be sealed")
        self.stdout.write(f"end of the chain: {found.position}:{found.digest}")


def noted(text: str) -> tuple[int, str]:
    """`12:abc…` as place and digest."""
    number, colon, digest = text.partition(":")
    if not colon or not number.isdecimal():
        raise ArgumentTypeError("must be NUMBER:DIGEST, as verify printed it")
    return int(number), digest
