"""What a step sends: JMESPath expressions over `{"input": ..., "outputs": {step name: output}}`."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions
from jmespath.parser import ParsedResult

from orchestration.core.bounded import BoundedInterpreter
from orchestration.core.paths import Plain, plain

_encode = json.JSONEncoder(allow_nan=False).encode
_as_it_is = json.JSONEncoder(ensure_ascii=False).encode
_FUNCTIONS: Mapping[str, Any] = Functions.FUNCTION_TABLE
MAX_SAID, MAX_QUOTED = 500, 200
HYPHEN_HINT = 'names with hyphens are quoted, as in outputs."reserve-stock".ref'


class MappingError(ValueError):
    """An expression cannot be read, or fails on the data of this saga."""


@lru_cache(maxsize=4096)
def compiled(expression: str) -> ParsedResult:
    """Parse `expression`. Raises MappingError with the reason and the place in it."""
    try:
        return jmespath.compile(expression)
    except RecursionError as error:
        raise MappingError("it is nested too deeply") from error
    except (JMESPathError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise MappingError(f"{reason} ({HYPHEN_HINT})" if "-" in expression else reason) from error


@lru_cache(maxsize=4096)
def _plain(expression: str) -> Plain | None:
    return plain(compiled(expression).parsed)


def unknown_functions(expression: str) -> list[str]:
    """Names of functions that `expression` calls and JMESPath does not have. Raises MappingError."""
    called, waiting = set(), [compiled(expression).parsed]
    while waiting:  # not by recursion: "a||a||a" and so on is a tree as deep as the text is long
        node = waiting.pop()
        if node["type"] == "function_expression":
            called.add(node["value"])
        waiting += [child for child in node["children"] if isinstance(child, dict)]
    return sorted(called - _FUNCTIONS.keys())


def evaluate(expression: str, data: Mapping[str, Any]) -> Any:
    """The value of `expression` on `data`. Raises MappingError when it fails on this data, or never comes to an end."""
    try:
        paths = _plain(expression)
        if paths is None:
            return BoundedInterpreter().visit(compiled(expression).parsed, data)
        found = paths.find(data)
        if paths.named:  # as the interpreter does with what it puts together, and with nothing else
            BoundedInterpreter().weigh(found)
        return found
    except (JMESPathError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        if isinstance(error, MappingError):
            raise
        raise MappingError(_said(f"{_cut(expression, MAX_QUOTED)!r} fails on this saga: {error}")) from error


def _said(text: str) -> str:
    """What JMESPath says quotes the data: cut, and made a text that can be stored."""
    text = _cut(text, MAX_SAID)
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"


def is_true(value: Any) -> bool:
    """As JMESPath has it: null, false and what is empty (text, list, object) are false; 0 is true."""
    return not (value is None or value is False or value in ("", [], {}))


def payload(expression: str | None, *, saga_input: Mapping[str, Any], outputs: Mapping[str, Any]) -> Any:
    """What a step's call carries as `input`; without an expression, the whole of input and outputs.

    Raises MappingError when the expression fails on this data, or gives what JSON cannot hold.
    """
    data = {"input": saga_input, "outputs": outputs}
    if expression is None:
        return data
    value = evaluate(expression, data)
    try:
        text = _encode(value)
        if "\\u" in text:
            _as_it_is(value).encode()  # half a surrogate pair cannot be sent
    except (TypeError, ValueError, RecursionError) as error:
        raise MappingError(
            _said(f"{_cut(expression, MAX_QUOTED)!r} does not give JSON on this saga: {error}")
        ) from error
    if "\\u0000" in text and "\\u0000" in text.replace("\\\\", ""):
        raise MappingError(f"{_cut(expression, MAX_QUOTED)!r} gives a NUL character on this saga")
    return value
