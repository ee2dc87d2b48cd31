"""`manage.py saga`: launch, look, act and repair from the shell.

Exit codes: 0 done; 1 wrong; 3 the act does not fit the saga; 4 no such thing; 5 not allowed. Of `watch` and `launch
--watch` how it ended: 0 completed, 11 compensated, 12 stuck, 13 abandoned, 14 the time was up.
"""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand

from orchestration import audit
from orchestration.management.saga import acting, documents, launching, looking
from orchestration.management.saga.common import Options, Terminal, Verb, told
from orchestration.restoring import advance_epochs


def _advance_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--reason", default="an older backup was restored", help="for the audit")


def _advance(options: Options, terminal: Terminal) -> int:
    number = advance_epochs(actor=audit.shell("saga"), reason=options["reason"])
    terminal.tell({"advanced": number}, [f"advanced the epochs of {number} live sagas"])
    return 0


ADVANCE = Verb(
    "advance-epochs",
    "after an older backup was restored: raise every live saga's epoch past all seen before",
    _advance_arguments,
    _advance,
)
VERBS = {verb.name: verb for verb in (*launching.VERBS, *looking.VERBS, *acting.VERBS, *documents.VERBS, ADVANCE)}


class Command(BaseCommand):
    help = "Launch sagas, look at them, act on them, and move definitions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb in VERBS.values():
            one = verbs.add_parser(
                verb.name, help=verb.help, description=f"{verb.help}\n\n{__doc__}",
                formatter_class=RawDescriptionHelpFormatter,
            )  # fmt: skip
            verb.arguments(one)
            one.add_argument("--json", action="store_true", help="print JSON, one object a line")
            one.add_argument("--as", dest="as_user", metavar="USER", help="act with this user's rights, in their name")

    def handle(self, *_args: Any, **options: Any) -> None:
        terminal = Terminal(self.stdout, sys.stderr, as_json=bool(options.get("json")))  # type: ignore[arg-type]  # Django's wrapper writes like a file
        try:
            code = VERBS[options["verb"]].run(options, terminal)
        except Exception as error:
            if (command_error := told(error)) is None:
                raise
            raise command_error from error
        if code:
            raise SystemExit(code)
