"""Our own array literals are read by PostgreSQL as what was meant."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from orchestration.store.arrays import literal

AT = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
ONE, TWO = UUID(int=1), UUID(int=2)


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "values"), [
    pytest.param("text", [], id="nothing"),
    pytest.param("text", ["", "", ""], id="the same empty text"),
    pytest.param("text", [None, None], id="only NULL"),
    pytest.param("text", ["a", "b", "a"], id="first and last alike"),
    pytest.param("text", ["NULL", None, "{}", 'a"b', "a\\b", ",", " ", "é\n"], id="text that looks like syntax"),
    pytest.param("uuid", [ONE, ONE], id="the same id"),
    pytest.param("uuid", [ONE, None, TWO], id="ids"),
    pytest.param("bool", [True, True], id="the same flag"),
    pytest.param("bool", [False, None, True], id="flags"),
    pytest.param("int", [0, 0], id="the same number"),
    pytest.param("bigint", [0, -1, 2**62], id="numbers"),
    pytest.param("timestamptz", [AT, AT], id="the same time"),
    pytest.param("timestamptz", [AT, None], id="times"),
])  # fmt: skip
def test_the_literal_means_the_values(kind: str, values: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}[]", [literal(kind, values)])
        assert cursor.fetchone() == (values,)
