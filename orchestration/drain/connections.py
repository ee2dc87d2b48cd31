"""A drain's own connections, made after the fork and inside its loop."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import connection as django_connection

logger = logging.getLogger(__name__)
RETRY_SECONDS = 0.2
# Whoever is frozen in the middle of a transaction keeps its rows locked for no longer than a lease lasts.
SESSION = "-c timezone=UTC -c idle_in_transaction_session_timeout=8s"
# Django's own options, and when to prepare, which is not the same for everybody.
NOT_FOR_PSYCOPG = ("pool", "server_side_binding", "prepare_threshold")
Connection = psycopg.AsyncConnection[tuple[Any, ...]]
# The connection is of no more use, and whether the last statement was committed is unknown.
GONE = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.IdleInTransactionSessionTimeout)


def conninfo() -> dict[str, Any]:
    """What psycopg needs to reach the database that Django uses (in tests, the test database)."""
    configured = django_connection.settings_dict
    options = dict(configured.get("OPTIONS") or {})
    plain = {
        "dbname": configured["NAME"], "user": configured["USER"], "password": configured["PASSWORD"],
        "host": configured["HOST"], "port": configured["PORT"],
    }  # fmt: skip
    known = {name: value for name, value in options.items() if name not in NOT_FOR_PSYCOPG}
    return {name: value for name, value in plain.items() if value} | known | {"options": SESSION}


async def connect(application: str) -> Connection:
    """An autocommit connection that shows up as `application`. Raises psycopg.OperationalError.

    Its few statements are prepared when they first come: a slice is short, and the long ones take 1 ms to take apart.
    """
    return await psycopg.AsyncConnection.connect(
        **conninfo(), autocommit=True, application_name=application, connect_timeout=5, prepare_threshold=0
    )


async def reconnected(connection: Connection, error: BaseException, is_wanted: Callable[[], bool]) -> Connection:
    """The database went away: try until it is back; the old connection once it `is_wanted` no more."""
    logger.warning("the database went away: %s", error)
    with contextlib.suppress(psycopg.Error):
        await connection.close()
    while is_wanted():
        with contextlib.suppress(psycopg.OperationalError):
            return await connect("sagaconsole drain")
        await asyncio.sleep(RETRY_SECONDS)
    return connection
