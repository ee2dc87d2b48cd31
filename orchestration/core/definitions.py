"""A definition document, parsed into values. Everything wrong with it is found at once, each with its place."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from orchestration.core.mapping import MappingError, compiled

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
MAX_STEPS = 100
LATER = "is not supported yet"
SAGA_FIELDS = {"name", "title", "description", "deadline", "business_key", "input_schema", "steps"}
SAGA_FIELDS_LATER = {"concurrency", "lock_key"}
STEP_FIELDS = {
    "name", "participant", "action", "compensation", "payload", "timeout", "retry", "compensation_retry",
    "on_exhausted", "compensate_when_refused",
}  # fmt: skip
STEP_FIELDS_LATER = {"when", "pivot", "parallel", "approval", "wait", "saga", "secrets", "answer_within"}
RETRY_FIELDS = {"max_attempts", "initial", "factor", "max"}


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


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how far apart. The wait before try n+1 is drawn from 0 to `ceiling(n)` (full jitter)."""

    max_attempts: int
    initial: timedelta
    factor: float
    max: timedelta

    def ceiling(self, tries: int) -> timedelta:
        exponent = min(max(tries - 1, 0), 64)
        seconds = min(self.initial.total_seconds() * self.factor**exponent, self.max.total_seconds())
        return timedelta(seconds=seconds)


ACTION_RETRY = RetryPolicy(3, timedelta(seconds=0.5), 2, timedelta(seconds=30))
COMPENSATION_RETRY = RetryPolicy(10, timedelta(seconds=0.5), 2, timedelta(seconds=300))


@dataclass(frozen=True, slots=True)
class StepDefinition:
    """One local transaction of a participant, and its undo (`compensation` is None where there is nothing to undo)."""

    index: int
    stage: int
    name: str
    participant: str
    action: str
    compensation: str | None = None
    payload: str | None = None
    timeout: timedelta = timedelta(seconds=5)
    retry: RetryPolicy = ACTION_RETRY
    compensation_retry: RetryPolicy = COMPENSATION_RETRY
    hold_when_exhausted: bool = False
    compensate_when_refused: bool = True


@dataclass(frozen=True, slots=True)
class SagaDefinition:
    name: str
    title: str
    deadline: timedelta
    business_key: str | None
    input_schema: Mapping[str, Any]
    steps: tuple[StepDefinition, ...]
    description: str = ""


@dataclass(slots=True)
class _Reader:
    """Reads fields and gathers problems instead of stopping at the first."""

    problems: list[Problem] = field(default_factory=list)

    def wrong(self, place: str, reason: str) -> None:
        self.problems.append(Problem(place, reason))

    def mapping(self, value: Any, place: str) -> Mapping[str, Any]:
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            return value
        self.wrong(place, "must be an object with text keys")
        return {}

    def fields(self, value: Mapping[str, Any], place: str, known: set[str], later: set[str] = frozenset()) -> None:  # type: ignore[assignment]  # frozenset is read only, which is the point
        for name in value:
            if name in later:
                self.wrong(_at(place, name), LATER)
            elif name not in known:
                self.wrong(_at(place, name), "unknown field")

    def text(self, value: Mapping[str, Any], name: str, place: str, *, required: bool = False, limit: int = 255) -> str:
        found = value.get(name)
        if found is None and not required:
            return ""
        if not isinstance(found, str) or not found.strip() or len(found) > limit or not found.isprintable():
            self.wrong(_at(place, name), f"must be a line of text of 1 to {limit} characters")
            return ""
        return found

    def slug(self, value: Mapping[str, Any], name: str, place: str) -> str:
        found = value.get(name)
        if isinstance(found, str) and NAME.fullmatch(found):
            return found
        self.wrong(_at(place, name), "must be 1 to 64 of a-z, 0-9 and -, and begin and end with a letter or digit")
        return ""

    def number(
        self, value: Mapping[str, Any], name: str, place: str, *, default: float, low: float, high: float
    ) -> float:
        found = value.get(name, default)
        if isinstance(found, bool) or not isinstance(found, int | float) or not low <= found <= high:
            self.wrong(_at(place, name), f"must be a number from {low:g} to {high:g}")
            return default
        return found

    def whole(self, value: Mapping[str, Any], name: str, place: str, *, default: int, high: int) -> int:
        found = self.number(value, name, place, default=default, low=1, high=high)
        if found != int(found):
            self.wrong(_at(place, name), "must be a whole number")
        return int(found)

    def flag(self, value: Mapping[str, Any], name: str, place: str, *, default: bool) -> bool:
        found = value.get(name, default)
        if not isinstance(found, bool):
            self.wrong(_at(place, name), "must be true or false")
            return default
        return found

    def expression(self, value: Mapping[str, Any], name: str, place: str) -> str | None:
        found = self.text(value, name, place, limit=8192)
        if not found:
            return None
        try:
            compiled(found)
        except MappingError as error:
            self.wrong(_at(place, name), str(error))
        return found


def _at(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def parse(document: Any) -> SagaDefinition:
    """The document as values. Raises WrongDefinition with every problem found and its place."""
    reader = _Reader()
    body = reader.mapping(document, "")
    reader.fields(body, "", SAGA_FIELDS, SAGA_FIELDS_LATER)
    definition = SagaDefinition(
        name=reader.slug(body, "name", ""),
        title=reader.text(body, "title", "") or str(body.get("name", "")),
        description=reader.text(body, "description", "", limit=2000),
        deadline=timedelta(seconds=reader.number(body, "deadline", "", default=86_400, low=1, high=90 * 86_400)),
        business_key=reader.expression(body, "business_key", ""),
        input_schema=reader.mapping(body.get("input_schema", {"type": "object"}), "input_schema"),
        steps=tuple(_steps(reader, body.get("steps"))),
    )
    _no_secrets_yet(reader, definition.input_schema, "input_schema")
    if reader.problems:
        raise WrongDefinition(reader.problems)
    return definition


def _steps(reader: _Reader, value: Any) -> Iterator[StepDefinition]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_STEPS:
        reader.wrong("steps", f"must be a list of 1 to {MAX_STEPS} steps")
        return
    seen: set[str] = set()
    for index, item in enumerate(value):
        place = f"steps[{index}]"
        step = _step(reader, reader.mapping(item, place), index, place)
        if step.name and step.name in seen:
            reader.wrong(f"{place}.name", f"there is already a step {step.name!r}")
        seen.add(step.name)
        yield step


def _step(reader: _Reader, body: Mapping[str, Any], index: int, place: str) -> StepDefinition:
    reader.fields(body, place, STEP_FIELDS, STEP_FIELDS_LATER)
    compensation = reader.text(body, "compensation", place)
    on_exhausted = body.get("on_exhausted", "compensate")
    if on_exhausted not in ("compensate", "hold"):
        reader.wrong(f"{place}.on_exhausted", "must be compensate or hold")
    return StepDefinition(
        index=index,
        stage=index,
        name=reader.slug(body, "name", place),
        participant=reader.slug(body, "participant", place),
        action=reader.text(body, "action", place, required=True),
        compensation=compensation if compensation not in ("", "none") else None,
        payload=reader.expression(body, "payload", place),
        timeout=timedelta(seconds=reader.number(body, "timeout", place, default=5, low=0.05, high=3600)),
        retry=_retry(reader, body, "retry", place, ACTION_RETRY),
        compensation_retry=_retry(reader, body, "compensation_retry", place, COMPENSATION_RETRY),
        hold_when_exhausted=on_exhausted == "hold",
        compensate_when_refused=reader.flag(body, "compensate_when_refused", place, default=True),
    )


def _retry(reader: _Reader, body: Mapping[str, Any], name: str, place: str, default: RetryPolicy) -> RetryPolicy:
    if name not in body:
        return default
    place = _at(place, name)
    value = reader.mapping(body[name], place)
    reader.fields(value, place, RETRY_FIELDS)

    def seconds(key: str, normal: timedelta) -> timedelta:
        number = reader.number(value, key, place, default=normal.total_seconds(), low=0, high=86_400)
        return timedelta(seconds=number)

    return RetryPolicy(
        max_attempts=reader.whole(value, "max_attempts", place, default=default.max_attempts, high=1000),
        initial=seconds("initial", default.initial),
        factor=reader.number(value, "factor", place, default=default.factor, low=1, high=100),
        max=seconds("max", default.max),
    )


def _no_secrets_yet(reader: _Reader, schema: Any, place: str) -> None:
    """Masking comes later; to accept the mark and show the value would be worse than to refuse it."""
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            if key == "x-secret":
                reader.wrong(_at(place, key), LATER)
            _no_secrets_yet(reader, value, _at(place, str(key)))
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            _no_secrets_yet(reader, value, f"{place}[{index}]")
