"""Reading what a step sends. What does not fit is a refusal: the same call with the same input cannot succeed."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from participants_demo.protocol import RefusedError

LONGEST_DELAY_SECONDS = 10
LONGEST_ANSWER_SECONDS = 60
USUAL_ANSWER_SECONDS = 2


def text(source: Any, name: str) -> str:
    """A text of 1 to 64 printable characters. Raises RefusedError."""
    value = _field(source, name)
    if not isinstance(value, str) or not 0 < len(value) <= 64 or not value.isprintable():
        raise _bad(f"{name} must be a text of 1 to 64 printable characters")
    return value


def whole_number(source: Any, name: str, *, low: int, high: int, usual: int | None = None) -> int:
    """A whole number from low to high; `usual` when it is not given. Raises RefusedError."""
    if usual is not None and isinstance(source, Mapping) and source.get(name) is None:
        return usual
    value = _field(source, name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _bad(f"{name} must be a whole number from {low} to {high}")
    return value


def delay_seconds(source: Any) -> float:
    """How long an operator wants the action slowed down: 0 when not given, never above 10. Raises RefusedError."""
    return _seconds(source, "delay_seconds", usual=0, longest=LONGEST_DELAY_SECONDS)


def answer_seconds(source: Any) -> float:
    """How long an answer that comes later takes: 2 when not given, never above 60. Raises RefusedError."""
    return _seconds(source, "answer_seconds", usual=USUAL_ANSWER_SECONDS, longest=LONGEST_ANSWER_SECONDS)


def _seconds(source: Any, name: str, *, usual: float, longest: float) -> float:
    value = source.get(name) if isinstance(source, Mapping) else None
    if value is None:
        return usual
    if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value) or value < 0:
        raise _bad(f"{name} must be a number of seconds, 0 or more")
    return min(value, longest)


def _field(source: Any, name: str) -> Any:
    if not isinstance(source, Mapping):
        raise _bad("input must be an object")
    if source.get(name) is None:
        raise _bad(f"{name} is missing")
    return source[name]


def _bad(message: str) -> RefusedError:
    return RefusedError(message, code="bad_input")
