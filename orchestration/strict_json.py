"""JSON read strictly: what PostgreSQL or another JSON reader would take otherwise is refused with its place."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from orchestration.core.definitions import Problem

MAX_DEPTH = 64
MAX_PROBLEMS = 50
_NESTED = (list, tuple, dict)
_NOT_TEXT = "must not hold NUL or half a surrogate pair"


class WrongJSON(ValueError):
    """The bytes are not strict JSON; `problems` says where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(str(problem) for problem in problems))


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Stands in the tree for a value that may not be, until its place is known."""

    reason: str


class _DoubledKeys(dict[str, Any]):
    """An object in which some keys came twice."""

    doubled: list[str]


def loads(raw: bytes) -> Any:
    """The value in `raw` (UTF-8 without BOM). Raises WrongJSON with every problem and its place.

    Refused: doubled keys, NaN and Infinity, integers beyond 64 bits, NUL and lone surrogates, endless nesting.
    """
    text, found = _decoded(raw), _Found()
    try:
        value = json.loads(
            text, object_pairs_hook=found.pairs, parse_constant=found.constant, parse_int=found.integer,
            parse_float=found.number,
        )  # fmt: skip
    except RecursionError as error:
        raise WrongJSON([Problem("", "is nested too deeply")]) from error
    except json.JSONDecodeError as error:
        raise WrongJSON([Problem("", f"not JSON: {error.msg} (line {error.lineno}, column {error.colno})")]) from error
    # To look for places costs seconds in a body of some MiB, so first whether there is anything to look for.
    suspicious = found.wrong or "\\u" in text or is_deeper(value, 4 * MAX_DEPTH)
    if suspicious and (problems := find_problems(value)):
        raise WrongJSON(problems)
    return value


def is_deeper(value: Any, levels: int) -> bool:
    """Whether more than `levels` objects and arrays stand inside each other in `value`."""
    level = [value]
    for _depth in range(levels + 1):
        level = [item for item in level if isinstance(item, _NESTED)]
        if not level:
            return False
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
    return True


class _Found:
    """The readers of one text. `wrong`: one of them has met something that may not be."""

    def __init__(self) -> None:
        self.wrong = False

    def constant(self, word: str) -> _Wrong:
        return self._mark(f"{word} is not a JSON number")

    def integer(self, text: str) -> int | _Wrong:
        # The length is looked at first: to convert a million digits takes a second of CPU.
        if len(text) <= 20 and -(2**63) <= (value := int(text)) < 2**63:
            return value
        return self._mark("is an integer beyond 64 bits")

    def number(self, text: str) -> float | _Wrong:
        value = float(text)
        return value if math.isfinite(value) else self._mark("is a number beyond 64 bits")

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) == len(pairs):
            return value
        self.wrong = True
        marked = _DoubledKeys(value)
        marked.doubled = [key for key, count in Counter(key for key, _value in pairs).items() if count > 1]
        return marked

    def _mark(self, reason: str) -> _Wrong:
        self.wrong = True
        return _Wrong(reason)


def find_problems(value: Any, place: str = "", *, max_depth: int = 4 * MAX_DEPTH) -> list[Problem]:
    """What in `value` strict JSON would refuse; at most `max_depth` objects and arrays may stand inside each other."""
    problems: list[Problem] = []
    waiting = [(value, place, 1)]
    while waiting and len(problems) < MAX_PROBLEMS:
        item, at, depth = waiting.pop()
        problems.extend(_wrong_with(item, at))
        if not isinstance(item, dict | list):
            continue
        if depth > max_depth:
            problems.append(Problem(_shortened(at), f"is nested more than {max_depth} deep"))
            continue
        waiting.extend((child, child_at, depth + 1) for child, child_at in _children(item, at))
    return problems


def inside(place: str, key: str | int) -> str:
    """The place of `key` in the object or array at `place`, safe to print whatever the key is."""
    if isinstance(key, int):
        return f"{place}[{key}]"
    name = key.encode("utf-8", "backslashreplace").decode().replace("\0", "\\u0000")[:80]
    return f"{place}.{name}" if place else name


def canonical(value: Any) -> bytes:
    """One spelling for equal JSON values: sorted keys, no blanks, UTF-8. For fingerprints and sizes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _decoded(raw: bytes) -> str:
    if raw.startswith(b"\xef\xbb\xbf"):
        raise WrongJSON([Problem("", "begins with a byte order mark")])
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise WrongJSON([Problem("", f"is not UTF-8 at byte {error.start}")]) from error


def _wrong_with(item: Any, place: str) -> Iterator[Problem]:
    match item:
        case _Wrong(reason):
            yield Problem(place, reason)
        case str() if _is_broken(item):
            yield Problem(place, _NOT_TEXT)
        case _DoubledKeys():
            yield from (Problem(inside(place, key), "stands here more than once") for key in item.doubled[:5])
        case dict() if broken := [key for key in item if not isinstance(key, str) or _is_broken(key)]:
            yield from (Problem(inside(place, str(key)), _NOT_TEXT) for key in broken[:5])
        case float() if not math.isfinite(item):
            yield Problem(place, "is not a JSON number")
        case int() if not isinstance(item, bool) and not -(2**63) <= item < 2**63:
            yield Problem(place, "is an integer beyond 64 bits")
        case None | bool() | int() | float() | str() | dict() | list():
            return
        case _:
            yield Problem(place, f"is of the type {type(item).__name__}, which JSON does not have")


def _is_broken(text: str) -> bool:
    return "\0" in text or (not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text))


def _children(item: Any, place: str) -> Iterator[tuple[Any, str]]:
    pairs = item.items() if isinstance(item, dict) else enumerate(item)
    return ((child, inside(place, key)) for key, child in pairs)


def _shortened(place: str) -> str:
    return place if len(place) <= 200 else f"{place[:200]}…"
