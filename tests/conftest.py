"""What all tests share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import TransactionTestCase

from tests.emptying import Emptying


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """With several processes (`--dist loadgroup`): a file stays in one, and so do all files that share a running demo.

    What takes long begins first, so that no process is left with it at the end. Before all others' hooks the groups are
    named, because xdist's own hook reads the names; after all others' hooks the tests are put in order.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    yield
    slow = {_group(item) for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: (_group(item) not in _SHARING, _group(item) not in slow))


_SHARING = {"browser": "chromium", "docs": "standing_in"}  # the group, and the fixture by which its tests are known


def _group(item: pytest.Item) -> str:
    used = getattr(item, "fixturenames", ())
    return next((group for group, fixture in _SHARING.items() if fixture in used), item.nodeid.partition("::")[0])


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Tests with real transactions empty the tables by TRUNCATE, which the audit's tables forbid. Only here, it may."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orchestration_auditentry DISABLE TRIGGER audit_is_never_emptied")
        cursor.execute("ALTER TABLE orchestration_auditlink DISABLE TRIGGER audit_links_are_never_emptied")
        emptying = Emptying()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", emptying.after_test)
        yield


@pytest.fixture(autouse=True)
def static_root(settings: Any, tmp_path: Path) -> None:
    """WhiteNoise warns when the folder of collected files is missing, as it is in a fresh clone."""
    settings.STATIC_ROOT = tmp_path
