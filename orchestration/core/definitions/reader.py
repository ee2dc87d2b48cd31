"""Reading the fields of a document: what is wrong is gathered with its place, and reading goes on."""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from orchestration.core.mapping import MappingError, compiled

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
LATER = "is not supported yet"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a document: `place` is a path such as `steps[2].retry.max`."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}" if self.place else self.reason


class WrongDefinition(ValueError):
    """The document breaks the contract; `problems` says where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(str(problem) for problem in problems))


@dataclass(slots=True)
class Reader:
    """Reads fields and gathers problems instead of stopping at the first."""

    problems: list[Problem] = field(default_factory=list)

    def wrong(self, place: str, reason: str) -> None:
        self.problems.append(Problem(place, reason))

    def mapping(self, value: Any, place: str) -> Mapping[str, Any]:
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            return value
        self.wrong(place, "must be an object with text keys")
        return {}

    def fields(self, value: Mapping[str, Any], place: str, known: Container[str], later: Container[str] = ()) -> None:
        for name in value:
            if name in later:
                self.wrong(at(place, name), LATER)
            elif name not in known:
                self.wrong(at(place, name), "unknown field")

    def text(self, value: Mapping[str, Any], name: str, place: str, *, required: bool = False, limit: int = 255) -> str:
        found = value.get(name)
        if found is None and not required:
            return ""
        if not isinstance(found, str) or not found.strip() or len(found) > limit or not found.isprintable():
            self.wrong(at(place, name), f"must be a line of text of 1 to {limit} characters")
            return ""
        return found

    def slug(self, value: Mapping[str, Any], name: str, place: str) -> str:
        found = value.get(name)
        if isinstance(found, str) and NAME.fullmatch(found):
            return found
        self.wrong(at(place, name), "must be 1 to 64 of a-z, 0-9 and -, and begin and end with a letter or digit")
        return ""

    def number(
        self, value: Mapping[str, Any], name: str, place: str, *, default: float, low: float, high: float
    ) -> float:
        found = value.get(name, default)
        if isinstance(found, bool) or not isinstance(found, int | float) or not low <= found <= high:
            self.wrong(at(place, name), f"must be a number from {low:g} to {high:g}")
            return default
        return found

    def seconds(
        self, value: Mapping[str, Any], name: str, place: str, *, default: float, low: float, high: float
    ) -> timedelta:
        return timedelta(seconds=self.number(value, name, place, default=default, low=low, high=high))

    def whole(self, value: Mapping[str, Any], name: str, place: str, *, default: int, high: int) -> int:
        found = self.number(value, name, place, default=default, low=1, high=high)
        if found != int(found):
            self.wrong(at(place, name), "must be a whole number")
        return int(found)

    def flag(self, value: Mapping[str, Any], name: str, place: str, *, default: bool) -> bool:
        found = value.get(name, default)
        if not isinstance(found, bool):
            self.wrong(at(place, name), "must be true or false")
            return default
        return found

    def expression(self, value: Mapping[str, Any], name: str, place: str) -> str | None:
        found = self.text(value, name, place, limit=8192)
        if not found:
            return None
        try:
            compiled(found)
        except MappingError as error:
            self.wrong(at(place, name), str(error))
        return found


def at(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
