"""Where in a YAML text a place of the document stands: `steps[1].retry.max_attempts` is on line 14."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from orchestration.core.definitions import Problem

_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_LINE = re.compile(r"line (\d+), column \d+")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Placed:
    """A problem, its line (from 1; None: of the whole document), and the text of that line."""

    place: str
    reason: str
    line: int | None
    text: str


def placed(problems: Iterable[Problem], text: str) -> list[Placed]:
    """Each problem with its line: that of its place, or of the nearest one around it that is there."""
    lines, root = text.splitlines(), _root(text)
    return [_placed(problem, lines, root) for problem in problems]


def _placed(problem: Problem, lines: list[str], root: Any) -> Placed:
    said = _LINE.match(problem.place)
    line = int(said[1]) if said else _line_of(problem.place, root)
    there = lines[line - 1].strip() if line and line <= len(lines) else ""
    return Placed(problem.place, problem.reason, line, there)


def _root(text: str) -> Any:
    """The tree of nodes; None when the text is no YAML, whose own problem then names its line."""
    try:
        return yaml.compose(text, Loader=_LOADER)
    except (yaml.YAMLError, RecursionError):
        return None


def _line_of(place: str, node: Any) -> int | None:
    if node is None or not place:
        return None
    line: int | None = None
    for name, index in _PART.findall(place):
        found = _item(node, int(index)) if index else _value(node, name)
        if found is None:
            break
        line, node = found
    return line


def _value(node: Any, name: str) -> tuple[int, Any] | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next(((key.start_mark.line + 1, value) for key, value in pairs if key.value == name), None)


def _item(node: Any, index: int) -> tuple[int, Any] | None:
    items = node.value if isinstance(node, yaml.SequenceNode) else []
    return (items[index].start_mark.line + 1, items[index]) if index < len(items) else None
