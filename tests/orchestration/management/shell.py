"""`manage.py saga` as somebody at a shell sees it."""

import json
from io import StringIO
from typing import Any, NamedTuple

from django.core.management import CommandError, call_command


class Seen(NamedTuple):
    code: int
    out: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def saga(*arguments: str) -> Seen:
    """Exit code, and what was printed; of an error, its line."""
    out = StringIO()
    try:
        call_command("saga", *arguments, stdout=out)
    except CommandError as error:
        return Seen(error.returncode, str(error))
    except SystemExit as error:
        return Seen(int(str(error.code)), out.getvalue())
    return Seen(0, out.getvalue())
