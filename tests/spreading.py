"""Which tests run in which process of pytest-xdist: a file stays in one, and so do all files that share a running demo.

What takes long begins first, so that no process is left with it at the end. (`--dist loadgroup` would be meant for
this, but with pytest 9.2 the names of its groups get lost.)
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[1]
# The groups that begin first, and the words by which a file belongs to one.
SHARING = {"browser": "pytest.mark.browser", "docs": "standing_in"}
SLOW = "pytest.mark.slow"


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist comes without types
    """Groups are given out whole, in the order in which their first tests were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together | None:
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return Together(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    yield  # others sort too
    items.sort(key=lambda item: _rank(item.nodeid.partition("::")[0]))


@cache
def group_of(file: str) -> str:
    text = _text(file)
    return next((group for group, word in SHARING.items() if word in text), file)


@cache
def _rank(file: str) -> int:
    ranks = {group: rank for rank, group in enumerate(SHARING)}
    return ranks.get(group_of(file), len(ranks) + (SLOW not in _text(file)))


@cache
def _text(file: str) -> str:
    path = ROOT / file
    return path.read_text() if path.is_file() else ""
