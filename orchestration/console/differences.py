"""How two JSON values differ, place by place: before and after an act, two sagas, two versions of a definition."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MOST = 200


class _Nothing:
    def __repr__(self) -> str:
        return "NOTHING"


NOTHING = _Nothing()
"""Stands where one of the two has no value at all, which is not the same as null."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place, as in `steps.charge-card` or `lines[0].sku`, and the two values there."""

    place: str
    one: Any
    other: Any

    @property
    def only_one(self) -> bool:
        return self.other is NOTHING

    @property
    def only_other(self) -> bool:
        return self.one is NOTHING


@dataclass(frozen=True, slots=True)
class Differences:
    """`is_more`: there are more than are listed."""

    items: list[Difference]
    is_more: bool

    def __bool__(self) -> bool:
        return bool(self.items)


def differences(one: Any, other: Any, most: int = MOST) -> Differences:
    """The places where the two differ, in the order of `one`; at most `most` of them."""
    found: list[Difference] = []
    for difference in _walk("", one, other):
        if len(found) == most:
            return Differences(found, is_more=True)
        found.append(difference)
    return Differences(found, is_more=False)


def _walk(place: str, one: Any, other: Any) -> Iterator[Difference]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys([*one, *other]):
            yield from _walk(f"{place}.{key}" if place else str(key), one.get(key, NOTHING), other.get(key, NOTHING))
    elif isinstance(one, list) and isinstance(other, list):
        for index in range(max(len(one), len(other))):
            yield from _walk(f"{place}[{index}]", _item(one, index), _item(other, index))
    elif isinstance(one, bool) is not isinstance(other, bool) or one != other:  # in Python 1 equals True
        yield Difference(place, one, other)


def _item(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else NOTHING
