"""import and export of definitions."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import CommandError

from orchestration.core.definitions import WrongDefinition
from orchestration.definitions import load_document, publish_definition
from orchestration.drafts import save_draft
from orchestration.management.saga.common import NOT_FOUND, WRONG, Options, Terminal, Verb, actor_of
from orchestration.management.shell import file_argument
from orchestration.models import SagaDefinition


def _import_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help=".json, or else YAML")
    parser.add_argument("--draft", action="store_true", help="keep it as a draft, publish nothing")


def _import(options: Options, terminal: Terminal) -> int:
    """Each file on its own; the exit code tells whether all of them were right."""
    failed = 0
    for path in terminal.progress(options["files"], len(options["files"]), "importing"):
        try:
            body = _imported(path, options)
        except WrongDefinition as error:
            failed += 1
            problems = {problem.place or "document": problem.reason for problem in error.problems}
            lines = [f"{path}: {place}: {reason}" for place, reason in problems.items()]
            terminal.tell({"file": path, "error": problems}, lines)
            continue
        terminal.tell(body, [_line(body)])
    return WRONG if failed else 0


def _line(body: dict[str, Any]) -> str:
    what = "draft of " if body["draft"] else "" if body["created"] else "already there: "
    return f"{body['file']}: {what}{body['name']} v{body['version']}"


def _imported(path: str, options: Options) -> dict[str, Any]:
    raw, kind = file_argument("FILE", path), "application/json" if path.endswith(".json") else "application/yaml"
    document, actor = load_document(raw, kind), actor_of(options)
    if options["draft"]:
        saved = save_draft(document=document, text=raw.decode(), content_type=kind, actor=actor)
        name, version, created = saved.draft.name, saved.version, saved.created
    else:
        published = publish_definition(document=document, actor=actor)
        name, version, created = published.definition.name, published.definition.version, published.created
    return {"file": path, "name": name, "version": version, "draft": options["draft"], "created": created}


def _export_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="by default the newest version of each")
    parser.add_argument("--version", type=int, dest="of_version")
    parser.add_argument("--to", metavar="DIRECTORY", help="a file for each, NAME.yaml, instead of the terminal")


def _export(options: Options, terminal: Terminal) -> int:
    found = _found(options["name"], options["of_version"])
    for definition in terminal.progress(found, len(found), "exporting"):
        text = yaml.safe_dump(definition.document, sort_keys=False, allow_unicode=True)
        if options["to"]:
            path = Path(options["to"]) / f"{definition.name}.yaml"
            _written(path, text)
            body = {"name": definition.name, "version": definition.version, "file": str(path)}
            terminal.tell(body, [f"{body['file']}: {body['name']} v{body['version']}"])
        else:
            between = ["---"] if len(found) > 1 else []
            terminal.tell(definition.document, [*between, text.rstrip("\n")])
    return 0


def _found(name: str | None, version: int | None) -> list[SagaDefinition]:
    if name is None:
        return list(SagaDefinition.objects.usable().newest())
    versions = SagaDefinition.objects.filter(name=name)
    versions = versions.filter(version=version) if version is not None else versions.usable().order_by("-version")[:1]
    found = list(versions)
    if not found:
        wanted = name if version is None else f"{name} v{version}"
        raise CommandError(f"there is no definition {wanted}", returncode=NOT_FOUND)
    return found


def _written(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise CommandError(f"--to: cannot write {path}: {error.strerror}") from error


VERBS = (
    Verb("import", "publish definitions from files", _import_arguments, _import),
    Verb("export", "write definitions as YAML", _export_arguments, _export),
)
