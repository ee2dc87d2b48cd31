"""What model modules share."""

from collections.abc import Iterable
from enum import StrEnum

from django.db.models import Q


def choices(values: Iterable[StrEnum]) -> list[tuple[str, str]]:
    """Choices for a column that holds one of `values`; the label is the word itself."""
    return [(value.value, value.value.replace("_", " ")) for value in values]


def one_of(column: str, values: Iterable[StrEnum]) -> Q:
    """The condition that `column` holds one of `values`, in an order that keeps migrations stable."""
    return Q(**{f"{column}__in": sorted(value.value for value in values)})
