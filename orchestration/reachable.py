"""At start: are PostgreSQL and Redis there? One clear line when they are not."""

import time
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

from orchestration import dispatch

PATIENCE_SECONDS, PAUSE_SECONDS = 10.0, 0.2


class NotReachable(ImproperlyConfigured):
    """A server does not answer; it may be on its way back."""


def check_servers() -> None:
    """Raises ImproperlyConfigured, saying what cannot be reached and where.

    A server that is just being started again is waited for: to end, and be started again oneself, takes longer.
    """
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            _check_database()
            _check_redis()
        except NotReachable:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return


def _check_database() -> None:
    database = connection.settings_dict
    where = f"{database['HOST'] or 'its socket'}:{database['PORT'] or 5432}, database {database['NAME']}"
    try:
        connection.ensure_connection()
        plan = MigrationExecutor(connection).migration_plan(MigrationExecutor(connection).loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise NotReachable(f"PostgreSQL at {where} cannot be reached: {_first_line(error)}") from error
    finally:
        connection.close()
    if plan:
        raise ImproperlyConfigured(f"PostgreSQL at {where} lacks migrations: run `manage.py migrate` first")


def _check_redis() -> None:
    url = urlsplit(str(settings.RQ_QUEUES[dispatch.QUEUE]["URL"]))
    try:
        dispatch.queue().connection.ping()
    except RedisError as error:
        place = f"{url.hostname}:{url.port or 6379}" if url.hostname else url.path
        raise NotReachable(f"Redis or Valkey at {place} cannot be reached: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
