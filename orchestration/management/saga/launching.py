"""launch: one saga, or one for each line of a file."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from orchestration import strict_json
from orchestration.launch import KeyReused, Launched, UnknownDefinition, WrongInput, launch
from orchestration.management.saga import texts
from orchestration.management.saga.common import (
    CONFLICT,
    NOT_FOUND,
    WRONG,
    Options,
    Terminal,
    Verb,
    actor_of,
    quiet,
)
from orchestration.management.saga.looking import watch
from orchestration.management.shell import file_argument, json_argument
from orchestration.queries.bodies import saga_body

_TEXTS = ("definition", "business_key", "idempotency_key")
_FIELDS = {*_TEXTS, "input", "version"}


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("definition", nargs="?")
    parser.add_argument("--input", default="{}", help="JSON, or @FILE")
    parser.add_argument("--version", type=int, dest="of_version", help="by default the newest")
    parser.add_argument("--business-key")
    parser.add_argument("--key", help="idempotency key: the same key launches the same saga once")
    parser.add_argument("--file", help='one launch for each line: {"definition", "input", ...} as in POST /sagas/batch')
    parser.add_argument("--watch", action="store_true", help="follow it; the exit code then tells how it ended")
    parser.add_argument("--seconds", type=float, help="with --watch: stop looking after so long")


def _run(options: Options, terminal: Terminal) -> int:
    if (options["file"] is None) == (options["definition"] is None):
        raise CommandError("give the name of a definition, or --file")
    actor = actor_of(options)
    actor.must("launch_saga")
    if options["file"]:
        return _many(options, terminal, actor.name)
    launched = _launched(
        actor.name, definition=options["definition"], saga_input=json_argument("--input", options["input"]),
        version=options["of_version"], business_key=options["business_key"], idempotency_key=options["key"],
    )  # fmt: skip
    code = watch(launched.saga_id, quiet(terminal), seconds=options["seconds"]) if options["watch"] else 0
    body = saga_body(launched.saga_id)
    terminal.tell(body, texts.saga_lines(body))
    return code


def _many(options: Options, terminal: Terminal, launched_by: str) -> int:
    """Every line on its own: what is wrong with one is told, and the others are launched."""
    lines = [line for line in file_argument("--file", options["file"]).splitlines() if line.strip()]
    failed = 0
    for number, line in enumerate(terminal.progress(lines, len(lines), "launching"), start=1):
        try:
            launched = _launched(launched_by, **_item(line))
        except (CommandError, strict_json.WrongJSON) as error:
            failed += 1
            terminal.tell({"line": number, "error": str(error)}, [f"line {number}: {error}"])
            continue
        body = {"line": number, "id": launched.saga_id, "created": launched.created}
        terminal.tell(body, [f"{body['id']}"])
    return WRONG if failed else 0


def _item(line: bytes) -> dict[str, Any]:
    item = strict_json.loads(line)
    if not isinstance(item, dict) or not {"definition", "input"} <= item.keys() <= _FIELDS:
        raise CommandError(f"must be an object with definition and input, of {', '.join(sorted(_FIELDS))}")
    said = {name: item[name] for name in _TEXTS if item.get(name) is not None}
    version = item.get("version")
    is_whole = version is None or (isinstance(version, int) and not isinstance(version, bool))
    if not is_whole or not all(isinstance(value, str) for value in said.values()):
        raise CommandError("definition and keys must be texts, version a whole number")
    return {**said, "saga_input": item["input"], "version": version}


def _launched(launched_by: str, **asked: Any) -> Launched:
    if not isinstance(asked["saga_input"], dict):
        raise CommandError("input: must be an object")
    try:
        return launch(**asked, trigger="shell", launched_by=launched_by)
    except UnknownDefinition as error:
        raise CommandError(str(error), returncode=NOT_FOUND) from error
    except KeyReused as error:
        raise CommandError(str(error), returncode=CONFLICT) from error
    except WrongInput as error:
        raise CommandError(str(error), returncode=WRONG) from error


VERBS = (Verb("launch", "launch a saga", _arguments, _run),)
