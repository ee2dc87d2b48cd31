"""PostgreSQL array literals. psycopg writes them item by item in Python, which took a third of a drain's time."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"'})


def quoted(value: str) -> str:
    """A text item: always in quotes, so that NULL, blanks, commas and braces in it are just text."""
    return f'"{value.translate(_ESCAPES)}"'


def boolean(value: bool) -> str:
    return "t" if value else "f"


def uuid(value: UUID) -> str:
    return value.hex


ITEM: dict[str, Callable[[Any], str]] = {
    "uuid": uuid,
    "bigint": str,
    "int": str,
    "smallint": str,
    "bool": boolean,
    "text": quoted,
    "timestamptz": datetime.isoformat,
}


def literal(kind: str, values: Sequence[Any]) -> str:
    """`values` (None is NULL) as the literal of an array of `kind`, a key of ITEM."""
    item = ITEM[kind]
    if values and values[0] == values[-1] and values.count(values[0]) == len(values):
        items = ["NULL" if values[0] is None else item(values[0])] * len(values)  # most columns hold one value only
    else:
        items = ["NULL" if value is None else item(value) for value in values]
    return "{" + ",".join(items) + "}"
