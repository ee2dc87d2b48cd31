"""At start, servers that are on their way back are waited for; others are named."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway

from orchestration import reachable

pytestmark = pytest.mark.django_db(transaction=True)


def away(times: float, error: Exception, real: Callable[..., object]) -> Callable[..., object]:
    """`real`, which fails so many times first."""
    left = [times]

    def tried(*arguments: object) -> object:
        if left[0] > 0:
            left[0] -= 1
            raise error
        return real(*arguments)

    return tried


def test_servers_that_come_back_are_waited_for(monkeypatch):
    database = away(2, OperationalError("the database system is starting up"), connection.ensure_connection)
    monkeypatch.setattr(connection, "ensure_connection", database)
    monkeypatch.setattr(Redis, "ping", away(2, RedisAway("loading"), Redis.ping))
    reachable.check_servers()


@pytest.mark.parametrize("server", ["PostgreSQL", "Redis or Valkey"])
def test_a_server_that_stays_away_is_named(monkeypatch, server):
    monkeypatch.setattr(reachable, "PATIENCE_SECONDS", 0.0)
    if server == "PostgreSQL":
        monkeypatch.setattr(connection, "ensure_connection", away(float("inf"), OperationalError("refused"), print))
    else:
        monkeypatch.setattr(Redis, "ping", away(float("inf"), RedisAway("refused"), print))
    with pytest.raises(ImproperlyConfigured, match=rf"{server} at .* cannot be reached: refused"):
        reachable.check_servers()
