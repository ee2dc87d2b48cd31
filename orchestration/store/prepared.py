"""Statements that a process runs again and again on Django's connection."""

from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import connection


def prepared(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run it in the transaction that is open, if one is; its rows. PostgreSQL plans it once per connection.

    Django's cursors put the values into the text, which PostgreSQL then takes apart and plans at each execution.
    Raises what they raise.
    """
    with connection.cursor(), connection.wrap_database_errors:
        connection.validate_no_broken_transaction()
        with psycopg.Cursor(connection.connection) as cursor:
            return cursor.execute(statement, values).fetchall()
