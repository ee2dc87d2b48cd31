"""The plainest JMESPath expressions, which most definitions consist of, without an interpreter.

`a.b.c`, and `{x: a.b, y: c}` of such paths. What they find is what the interpreter finds; it is a quarter of the work.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

Path = tuple[str, ...]


class Plain(NamedTuple):
    """One path, or an object of named ones."""

    path: Path | None
    named: tuple[tuple[str, Path], ...] = ()

    def find(self, data: Mapping[str, Any]) -> Any:
        if self.path is not None:
            return _follow(self.path, data)
        return {name: _follow(path, data) for name, path in self.named}


def plain(node: Any) -> Plain | None:
    """`node`: a parsed expression. None: it is not that plain."""
    if node["type"] != "multi_select_dict":
        path = _path(node)
        return None if path is None else Plain(path)
    named = [(pair["value"], _path(pair["children"][0])) for pair in node["children"]]
    paths = tuple((name, path) for name, path in named if path is not None)
    return Plain(None, paths) if len(paths) == len(named) else None


def _path(node: Any) -> Path | None:
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] != "subexpression":
        return None
    parts = [_path(child) for child in node["children"]]
    return None if None in parts else tuple(name for part in parts if part for name in part)


def _follow(path: Path, data: Any) -> Any:
    """JMESPath: a name that is not there is null, and so is everything behind what is no object."""
    for name in path:
        if not isinstance(data, dict):
            return None
        data = data.get(name)
    return data
