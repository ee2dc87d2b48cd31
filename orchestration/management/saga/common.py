"""What the verbs share: who acts, exit codes, what is printed, and how errors are told."""

import getpass
import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TextIO, TypeVar
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.management.base import CommandError
from django.core.serializers.json import DjangoJSONEncoder

from orchestration import audit
from orchestration.audit import Actor
from orchestration.core.states import SagaStatus
from orchestration.models import Saga

T = TypeVar("T")
WRONG, CONFLICT, NOT_FOUND, FORBIDDEN, TIME_IS_UP = 1, 3, 4, 5, 14
ENDS = {
    SagaStatus.COMPLETED: 0, SagaStatus.COMPENSATED: 11, SagaStatus.STUCK: 12, SagaStatus.ABANDONED: 13,
}  # fmt: skip
Options = dict[str, Any]


@dataclass(frozen=True)
class Terminal:
    """Where results go (`out`), and what is only for people who look on (`err`). `as_json`: results as JSON."""

    out: TextIO
    err: TextIO
    as_json: bool

    def say(self, text: str) -> None:
        self.out.write(text + "\n")

    def tell(self, body: Any, lines: Iterable[str]) -> None:
        """One result: as JSON, or as lines for people."""
        if self.as_json:
            lines = [json.dumps(body, cls=DjangoJSONEncoder, ensure_ascii=False)]
        for line in lines:
            self.say(line)

    def progress(self, items: Iterable[T], total: int, what: str) -> Iterator[T]:
        """The items, with a bar on a terminal that somebody looks at."""
        for number, item in enumerate(items):
            self.bar(number, total, what)
            yield item
        self.bar(total, total, what)

    def bar(self, done: int, total: int, what: str) -> None:
        """Draw the bar anew; nothing when no terminal is there."""
        if not self.err.isatty():
            return
        filled = 30 * done // max(total, 1)
        end = "\n" if done >= total else ""
        self.err.write(f"\r{what} [{'#' * filled}{'.' * (30 - filled)}] {done}/{total}{end}")
        self.err.flush()


@dataclass(frozen=True)
class Verb:
    """One verb: its arguments, and what it does; `run` returns the exit code."""

    name: str
    help: str
    arguments: Callable[[ArgumentParser], None]
    run: Callable[[Options, Terminal], int]


def actor_of(options: Options) -> Actor:
    """The user of `--as` with that user's rights; else whoever has this shell, who may do everything.

    Raises CommandError.
    """
    name = options.get("as_user")
    if not name:
        return shell_actor()
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"--as: there is no active user {name!r}", returncode=NOT_FOUND)
    return Actor(user, "command")


def shell_actor() -> Actor:
    try:
        login = getpass.getuser()
    except (OSError, KeyError):
        login = ""  # an account without a name
    return audit.shell(f"saga ({login})" if login else "saga")


def saga_id_of(text: str) -> UUID:
    """Raises CommandError."""
    try:
        return UUID(text)
    except ValueError as error:
        raise CommandError(f"{text!r} is not the id of a saga", returncode=NOT_FOUND) from error


def told(error: Exception) -> CommandError | None:
    """The error as a line and an exit code; None for one that nobody at a shell can cause."""
    match error:
        case Saga.DoesNotExist():
            return CommandError("there is no such saga", returncode=NOT_FOUND)
        case PermissionDenied():
            return CommandError(str(error), returncode=FORBIDDEN)
        case LookupError() | ValueError():
            return CommandError(str(error), returncode=WRONG)
    return None


def must_be_a_terminal_text(text: str) -> str:
    """What others have said, harmless on a terminal: control characters are shown, not obeyed."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def quiet(terminal: Terminal) -> Terminal:
    """The same without results, for verbs that use one another."""
    return replace(terminal, out=sys.stderr)
