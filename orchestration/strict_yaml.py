"""YAML read as JSON with comments: no tags, no anchors, no doubled keys, and only JSON's own types (YAML 1.2 core).

The tree is built from the parser's events, so nothing is ever constructed by name and depth is bounded on the way.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from orchestration.core.definitions import Problem, WrongDefinition
from orchestration.strict_json import MAX_DEPTH

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]{1,20}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def loads(raw: bytes) -> Any:
    """The one document in `raw` (UTF-8). Raises WrongDefinition with the line."""
    try:
        events = iter(list(yaml.parse(raw.decode(), Loader=_LOADER)))
    except UnicodeDecodeError as error:
        raise _wrong(f"is not UTF-8 at byte {error.start}") from error
    except yaml.YAMLError as error:
        raise _unreadable(error) from error
    return _Tree(events).document()


@dataclass(slots=True)
class _Tree:
    events: Iterator[Any]
    depth: int = 0

    def document(self) -> Any:
        documents = 0
        value = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                _refuse(event, "directives are not accepted", when=bool(event.tags))
                _refuse(event, "only one document is accepted", when=documents > 1)
                value = self.value(next(self.events))
        return value

    def value(self, event: Any) -> Any:
        _refuse(event, "anchors and aliases are not accepted", when=getattr(event, "anchor", None) is not None)
        _refuse(event, "tags are not accepted", when=getattr(event, "tag", None) is not None)
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event.value) if event.implicit[0] else event.value
        self.depth += 1
        _refuse(event, "is nested too deeply", when=self.depth > 2 * MAX_DEPTH)
        value: Any = self.mapping() if isinstance(event, yaml.MappingStartEvent) else self.sequence()
        self.depth -= 1
        return value

    def sequence(self) -> list[Any]:
        found = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append(self.value(event))
        return found

    def mapping(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            is_text = isinstance(event, yaml.ScalarEvent)
            _refuse(event, "keys must be text", when=not is_text)
            self.value(event)
            _refuse(event, f"the key {event.value[:80]!r} stands here twice", when=event.value in found)
            _refuse(event, "merge keys are not accepted", when=event.value == "<<" and event.implicit[0])
            found[event.value] = self.value(next(self.events))
        return found


def _scalar(text: str) -> Any:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _refuse(event: Any, reason: str, *, when: bool) -> None:
    if when:
        raise _wrong(reason, event.start_mark)


def _unreadable(error: yaml.YAMLError) -> WrongDefinition:
    if isinstance(error, yaml.MarkedYAMLError):
        return _wrong(f"not YAML: {error.problem}", error.problem_mark)
    return _wrong(f"not YAML: {' '.join(str(error).split())}")


def _wrong(reason: str, mark: Any = None) -> WrongDefinition:
    place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return WrongDefinition([Problem(place, reason)])
