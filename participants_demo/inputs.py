"""Reading what a step sends. What does not fit is a refusal: the same call with the same input cannot succeed."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from participants_demo.protocol import RefusedError

LONGEST_DELAY_SECONDS = 10


def text(source: Any, name: str) -> str:
    """A text of 1 to 64 printable characters. Raises RefusedError."""
    value = _field(source, name)
    if not isinstance(value, str) or not 0 < len(value) <= 64 or not value.isprintable():
        raise _bad(f"{name} must be a text of 1 to 64 printable characters")
    return value


def whole_number(source: Any, name: str, *, low: int, high: int) -> int:
    """A whole number from low to high. Raises RefusedError."""
    value = _field(source, name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _bad(f"{name} must be a whole number from {low} to {high}")
    return value


def delay_seconds(source: Any) -> float:
    """How long an operator wants the action slowed down: 0 when not given, never above 10. Raises RefusedError."""
    value = source.get("delay_seconds") if isinstance(source, Mapping) else None
    if value is None:
        return 0
    if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value) or value < 0:
        raise _bad("delay_seconds must be a number of seconds, 0 or more")
    return min(value, LONGEST_DELAY_SECONDS)


def _field(source: Any, name: str) -> Any:
    if not isinstance(source, Mapping):
        raise _bad("input must be an object")
    if source.get(name) is None:
        raise _bad(f"{name} is missing")
    return source[name]


def _bad(message: str) -> RefusedError:
    return RefusedError(message, code="bad_input")
