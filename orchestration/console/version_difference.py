"""What changed between two versions of a definition: step by step, and as text."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from orchestration.console import document_view
from orchestration.console.differences import Differences, differences


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the text; `kind`: added, removed, same, or gap where lines are left out."""

    kind: str
    text: str


def of_documents(one: dict[str, Any], other: dict[str, Any]) -> Differences:
    """Place by place. Steps are compared by name, so that a new one does not make all after it differ."""
    return differences(_by_name(document_view.ordered(one)), _by_name(document_view.ordered(other)))


def as_text(one: dict[str, Any], other: dict[str, Any]) -> list[Line]:
    """The two as YAML: what was removed and added, with three lines around."""
    before, after = document_view.as_yaml(one).splitlines(), document_view.as_yaml(other).splitlines()
    return list(_lines(difflib.unified_diff(before, after, lineterm="", n=3)))


def _lines(found: Iterator[str]) -> Iterator[Line]:
    kinds = {"+": "added", "-": "removed", " ": "same"}
    for number, line in enumerate(found):
        if number < 2:
            continue  # the names of the two files
        if line.startswith("@@"):
            if number > 2:
                yield Line("gap", "…")
        else:
            yield Line(kinds[line[0]], line[1:])


def _by_name(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"steps": dict(_steps(document.get("steps", [])))}


def _steps(steps: list[dict[str, Any]], beside: str = "") -> Iterator[tuple[str, Any]]:
    for number, step in enumerate(steps, start=1):
        if "parallel" in step:
            yield from _steps(step["parallel"], beside=" ∥ ".join(str(one.get("name")) for one in step["parallel"]))
        else:
            place: dict[str, Any] = {"side by side": beside} if beside else {"place": number}
            yield str(step.get("name")), {key: value for key, value in step.items() if key != "name"} | place
