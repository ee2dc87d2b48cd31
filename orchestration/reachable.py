"""At start: are PostgreSQL and Redis there? One clear line when they are not."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

from orchestration import dispatch


def check_servers() -> None:
    """Raises ImproperlyConfigured, saying what cannot be reached and where."""
    database = connection.settings_dict
    where = f"{database['HOST'] or 'its socket'}:{database['PORT'] or 5432}, database {database['NAME']}"
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        raise ImproperlyConfigured(f"PostgreSQL at {where} cannot be reached: {_first_line(error)}") from error
    if MigrationExecutor(connection).migration_plan(MigrationExecutor(connection).loader.graph.leaf_nodes()):
        connection.close()
        raise ImproperlyConfigured(f"PostgreSQL at {where} lacks migrations: run `manage.py migrate` first")
    connection.close()
    url = urlsplit(str(settings.RQ_QUEUES[dispatch.QUEUE]["URL"]))
    try:
        dispatch.queue().connection.ping()
    except RedisError as error:
        place = f"{url.hostname}:{url.port or 6379}" if url.hostname else url.path
        raise ImproperlyConfigured(f"Redis or Valkey at {place} cannot be reached: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
