"""Keyset paging: a page is found by where the last one ended, so page 10,000 costs as much as page 1."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model, Q, QuerySet

from orchestration import strict_json
from orchestration.core.definitions import Problem

M = TypeVar("M", bound=Model)
T = TypeVar("T")
DEFAULT_LIMIT = 50
MAX_LIMIT = 200
NEWEST_FIRST = ("-id",)


class WrongCursor(ValueError):
    """The cursor was not made by this list."""

    problems = (Problem("cursor", "is not a cursor of this list"),)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`next_cursor` is None on the last page."""

    items: list[T]
    next_cursor: str | None


def page(
    queryset: QuerySet[M], *, cursor: str | None, limit: int = DEFAULT_LIMIT, order: Sequence[str] = NEWEST_FIRST
) -> Page[M]:
    """At most `limit` rows after `cursor`, in `order` (field names that together are unique; `-` turns one round).

    Raises WrongCursor.
    """
    if cursor:
        queryset = after(queryset, cursor, order)
    rows = list(queryset.order_by(*order)[: limit + 1])
    items = rows[:limit]
    return Page(items, _cursor(items[-1], order) if len(rows) > limit else None)


def after(queryset: QuerySet[M], cursor: str, order: Sequence[str] = NEWEST_FIRST) -> QuerySet[M]:
    """Only the rows behind the cursor. Raises WrongCursor."""
    return queryset.filter(_after(queryset.model, cursor, order))


def cursor_at(*values: Any) -> str:
    """The cursor of a row, there or not, with these values in the fields that a list is ordered by."""
    return _encoded([_plain(value) for value in values])


def _cursor(row: Model, order: Sequence[str]) -> str:
    return _encoded([_plain(getattr(row, name.removeprefix("-"))) for name in order])


def _encoded(values: list[int | str]) -> str:
    raw = strict_json.canonical(values)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _after(model: type[Model], cursor: str, order: Sequence[str]) -> Q:
    """Rows behind the cursor: greater in the first field, or equal there and greater in the second, and so on."""
    values = _values(model, cursor, order)
    found, equal = Q(), Q()
    for name, value in zip(order, values, strict=True):
        field = name.removeprefix("-")
        found |= equal & Q(**{f"{field}__{'lt' if name.startswith('-') else 'gt'}": value})
        equal &= Q(**{field: value})
    return found


def _values(model: type[Model], cursor: str, order: Sequence[str]) -> list[Any]:
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        values = strict_json.loads(raw)
        if not isinstance(values, list) or len(values) != len(order):
            raise WrongCursor
        return [_value(model, name.removeprefix("-"), value) for name, value in zip(order, values, strict=True)]
    except (binascii.Error, ValueError, TypeError, OverflowError, ValidationError, FieldDoesNotExist) as error:
        raise WrongCursor from error


def _value(model: type[Model], name: str, value: Any) -> Any:
    """The column's value; only the very spelling that `_cursor` makes is taken."""
    found = model._meta.get_field(name).to_python(value)  # type: ignore[union-attr]  # cursors hold plain columns only
    if found is None or isinstance(value, bool) or _plain(found) != value:
        raise WrongCursor
    return found


def _plain(value: Any) -> int | str:
    return value if isinstance(value, int) else str(value)
