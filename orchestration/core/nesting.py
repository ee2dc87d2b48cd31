"""Sagas in sagas: how deep they go, by the newest version of each definition."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

MAX_DEPTH = 5
Nested = Mapping[str, AbstractSet[str]]


def why_not(name: str, sub: str, nested: Nested) -> str:
    """Why a definition `name` cannot have the sub-saga `sub`; empty: it can. `nested`: sub-sagas by definition."""
    if name == sub or name in _below(sub, nested):
        return f"{name} would be a sub-saga of itself"
    above = {outer: frozenset(inner for inner in nested if outer in nested[inner]) for outer in {*nested, name}}
    depth = _longest(name, above) + 1 + _longest(sub, nested)
    return f"sub-sagas would go {depth} deep, and {MAX_DEPTH} is the most" if depth > MAX_DEPTH else ""


def _below(name: str, nested: Nested) -> set[str]:
    found, waiting = set(), [name]
    while waiting:
        for sub in nested.get(waiting.pop(), ()):
            if sub not in found:
                found.add(sub)
                waiting.append(sub)
    return found


def _longest(name: str, nested: Nested) -> int:
    """How many levels follow on `name`, at most; counted no further than matters, whatever stands in the tables."""
    level, depth = {name}, 0
    while depth <= MAX_DEPTH:
        level = {sub for one in level for sub in nested.get(one, ())}
        if not level:
            break
        depth += 1
    return depth
