"""JSON Schema (draft 2020-12) of a saga's input: is the schema itself sound, and does an input fit it."""

import re
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.exceptions import SchemaError
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from orchestration.core.definitions import Problem
from orchestration.strict_json import MAX_DEPTH, MAX_PROBLEMS, canonical, find_problems, inside

DRAFT = "https://json-schema.org/draft/2020-12/schema"
MAX_INPUT_BYTES = 256 * 1024
MAX_REFERENCES = 50_000
MAX_PATTERN = 1000
_TIME = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|z|[+-]([01]\d|2[0-3]):[0-5]\d)"
_RFC3339_TIME = re.compile(_TIME)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]" + _TIME)
_references_left: ContextVar[int] = ContextVar("_references_left")

type_checks = FormatChecker(formats=["email", "ipv4", "ipv6", "uuid"])


class EndlessSchema(ValueError):
    """To apply the schema to this input takes more `$ref`s than anybody would write by intent."""


@type_checks.checks("date-time", raises=ValueError)
def is_date_time(value: object) -> bool:
    return not isinstance(value, str) or bool(rfc3339(value))


@type_checks.checks("date", raises=ValueError)
def is_date(value: object) -> bool:
    return not isinstance(value, str) or (len(value) == 10 and bool(date.fromisoformat(value)))


@type_checks.checks("time", raises=ValueError)
def is_time(value: object) -> bool:
    return not isinstance(value, str) or bool(_RFC3339_TIME.fullmatch(value) and time.fromisoformat(value[:5]))


@type_checks.checks("uri", raises=ValueError)
def is_uri(value: object) -> bool:
    return not isinstance(value, str) or (bool(urlsplit(value).scheme) and not re.search(r"\s", value))


@type_checks.checks("regex", raises=(re.error, OverflowError, RecursionError))
def is_regex(value: object) -> bool:
    return not isinstance(value, str) or (len(value) <= MAX_PATTERN and bool(re.compile(value)))


def rfc3339(text: str) -> datetime:
    """A point in time with its zone, by RFC 3339. Raises ValueError."""
    if not _RFC3339.fullmatch(text) or not text.isascii():
        raise ValueError("must be a time by RFC 3339 with a zone, as in 2026-01-31T12:00:00Z")
    # A leap second has no datetime of its own; the second before it is the nearest one that has.
    return datetime.fromisoformat(text.upper()[:16] + text.upper()[16:].replace(":60", ":59", 1))


def _counted_ref(validator: Any, ref: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    left = _references_left.get() - 1
    if left < 0:
        raise EndlessSchema
    _references_left.set(left)
    yield from validator._validate_reference(ref=ref, instance=instance)


_Validator: Any = extend(  # type: ignore[no-untyped-call]  # the library leaves it untyped
    Draft202012Validator, {"$ref": _counted_ref, "$dynamicRef": _counted_ref}
)


def schema_problems(schema: Any, place: str) -> list[Problem]:
    """What is wrong with the schema itself. Nothing is ever fetched: a `$ref` may only point into the schema."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return [Problem(inside(place, "type"), "must be object, for a saga's input is one")]
    if schema.get("$schema", DRAFT) != DRAFT:
        return [Problem(inside(place, "$schema"), f"must be {DRAFT}")]
    if problems := list(_wrong_references(schema, place)):
        return problems[:MAX_PROBLEMS]
    try:
        Draft202012Validator.check_schema(schema, format_checker=type_checks)
    except SchemaError as error:
        return [Problem(_place(error, place), _reason(error))]
    except RecursionError:
        return [Problem(place, "is nested too deeply")]
    return [Problem(place, problem.reason) for problem in validator_for(schema)({}) if not problem.place]


def validator_for(schema: dict[str, Any]) -> Callable[[Any], list[Problem]]:
    """A compiled check: input -> problems, with places such as `input.lines[0].sku`."""
    validator = _Validator(schema, registry=Registry(), format_checker=type_checks)

    def check(saga_input: Any) -> list[Problem]:
        if problems := find_problems(saga_input, "input", max_depth=MAX_DEPTH):
            return problems
        if len(canonical(saga_input)) > MAX_INPUT_BYTES:
            return [Problem("input", f"is larger than {MAX_INPUT_BYTES // 1024} KiB")]
        _references_left.set(MAX_REFERENCES)
        try:
            return _problems(validator.iter_errors(saga_input))
        except (EndlessSchema, RecursionError):
            return [Problem("", "the schema's $ref go round in circles on this input")]
        except Unresolvable as error:
            return [Problem("", f"the schema has a $ref that leads nowhere: {error.ref}")]

    return check


def _problems(errors: Iterator[ValidationError]) -> list[Problem]:
    found: list[Problem] = []
    for error in errors:
        found.extend(_explained(error))
        if len(found) >= MAX_PROBLEMS:
            break
    return sorted(found[:MAX_PROBLEMS], key=lambda problem: problem.place)


def _explained(error: Any) -> Iterator[Problem]:
    """The problems in one error; what is missing or too much is named by its own place, not by its parent's."""
    place = _place(error, "input")
    if error.validator == "required":
        missing = [name for name in error.validator_value if error.message.startswith(f"{name!r} ")]
        yield from (Problem(inside(place, name), "is required") for name in missing)
    elif error.validator == "additionalProperties" and error.validator_value is False:
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        patterns = error.schema.get("patternProperties", {}) if isinstance(error.schema, dict) else {}
        extra = [n for n in error.instance if n not in known and not any(re.search(p, n) for p in patterns)]
        yield from (Problem(inside(place, name), "is not expected here") for name in extra)
    else:
        yield Problem(place, _reason(error))


def _place(error: Any, place: str) -> str:
    for key in error.absolute_path:
        place = inside(place, key)
    return place


def _reason(error: Any) -> str:
    # The library's message quotes the value, which can be as long as the whole input.
    return error.message if len(error.message) <= 200 else f"{error.message[:120]} … {error.message[-70:]}"


def _wrong_references(schema: dict[str, Any], place: str) -> Iterator[Problem]:
    """`$ref` out of the document or to nowhere, and `$id` below the top, which would move what `$ref` counts from."""
    resource: Resource[Any] = DRAFT202012.create_resource(schema)
    resolver = Registry().resolver_with_root(resource)
    for item, key, value, at in _entries(schema, place):
        if key in ("$id", "$schema") and isinstance(value, str) and item is not schema:
            yield Problem(at, "is accepted at the top of the schema only")
        elif key in ("$ref", "$dynamicRef") and isinstance(value, str):
            if not value.startswith("#"):
                yield Problem(at, "must point into this schema (#/$defs/...); nothing is fetched")
                continue
            try:
                resolver.lookup(value)
            except Unresolvable:
                yield Problem(at, "leads nowhere")


def _entries(schema: Any, place: str) -> Iterator[tuple[Any, Any, Any, str]]:
    """Every (object, key, value, place of the value) in the schema, at any depth."""
    waiting = [(schema, place)]
    while waiting:
        item, at = waiting.pop()
        pairs = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
        for key, value in pairs:
            yield item, key, value, inside(at, key)
            waiting.append((value, inside(at, key)))
