"""What all tests share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import TransactionTestCase

from tests.emptying import Emptying


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
