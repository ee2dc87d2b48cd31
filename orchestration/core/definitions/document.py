"""A whole document."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from orchestration.core.definitions.reader import LATER, Reader, WrongDefinition, at
from orchestration.core.definitions.steps import read_steps
from orchestration.core.definitions.values import SagaDefinition

SAGA_FIELDS = {
    "name",
    "title",
    "description",
    "deadline",
    "business_key",
    "input_schema",
    "steps",
    "concurrency",
    "lock_key",
}
MAX_CONCURRENCY = 100_000
MAX_DEADLINE = timedelta(days=90)


def parse(document: Any) -> SagaDefinition:
    """The document as values. Raises WrongDefinition with every problem found and its place."""
    reader = Reader()
    body = reader.mapping(document, "")
    reader.fields(body, "", SAGA_FIELDS)
    deadline = reader.seconds(body, "deadline", "", default=86_400, low=1, high=MAX_DEADLINE.total_seconds())
    definition = SagaDefinition(
        name=reader.slug(body, "name", ""),
        title=reader.text(body, "title", "") or str(body.get("name", "")),
        description=reader.text(body, "description", "", limit=2000),
        deadline=deadline,
        business_key=reader.expression(body, "business_key", ""),
        input_schema=reader.mapping(body.get("input_schema", {"type": "object"}), "input_schema"),
        steps=read_steps(reader, body.get("steps"), deadline),
        concurrency=_concurrency(reader, body),
        lock_key=reader.expression(body, "lock_key", ""),
    )
    _no_secrets_yet(reader, definition.input_schema, "input_schema")
    if reader.problems:
        raise WrongDefinition(reader.problems)
    return definition


def _concurrency(reader: Reader, body: Mapping[str, Any]) -> int | None:
    if "concurrency" not in body:
        return None
    return reader.whole(body, "concurrency", "", default=1, high=MAX_CONCURRENCY)


def _no_secrets_yet(reader: Reader, schema: Any, place: str) -> None:
    """Masking comes later; to accept the mark and show the value would be worse than to refuse it."""
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            if key == "x-secret":
                reader.wrong(at(place, key), LATER)
            _no_secrets_yet(reader, value, at(place, str(key)))
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            _no_secrets_yet(reader, value, f"{place}[{index}]")
