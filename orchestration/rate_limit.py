"""How often one token may ask: requests are spread over time, and a minute's worth may come at once.

The count is kept in Valkey, for all web processes together. While Valkey is away each process counts for itself: the
API goes on, and one process is no wider open than before.
"""

import logging
import time
from functools import cache
from threading import Lock

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.exceptions import RedisError
from redis.retry import Retry

from orchestration import dispatch
from orchestration.audit import Actor

logger = logging.getLogger(__name__)
MINUTE = 60.0
AWAY_SECONDS = 5.0
TIMEOUT_SECONDS = 0.25
MOST_KEPT = 10_000

# The generic cell rate algorithm: one number per token, the time at which its bucket will be full again.
# KEYS[1]: the token. ARGV[1]: seconds that one request costs. Answers how many seconds are to be waited, 0 for none.
SPEND = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local cost, minute = tonumber(ARGV[1]), 60
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + cost
if full_at - now > minute then
    return string.format('%.3f', full_at - now - minute)
end
redis.call('SET', KEYS[1], string.format('%.6f', full_at), 'EX', minute + 1)
return '0'
"""


class _Here:
    """The count of this process alone. `away_until`: before that, Valkey is not asked."""

    def __init__(self) -> None:
        self.away_until = 0.0
        self._full_at: dict[str, float] = {}
        self._lock = Lock()

    def spend(self, token: str, cost: float) -> float:
        now = time.monotonic()
        with self._lock:
            if len(self._full_at) > MOST_KEPT:
                self._full_at = {key: value for key, value in self._full_at.items() if value > now}
            full_at = max(self._full_at.get(token, now), now) + cost
            if full_at - now > MINUTE:
                return full_at - now - MINUTE
            self._full_at[token] = full_at
            return 0.0


_here = _Here()


def spend(actor: Actor) -> float:
    """Count one request of the actor's token; returns how many seconds it has to wait, 0 when it may go on."""
    per_minute = settings.SAGA_API_RATE if actor.per_minute is None else actor.per_minute
    if not actor.token or not per_minute:
        return 0.0
    cost = MINUTE / per_minute
    if time.monotonic() >= _here.away_until:
        try:
            return float(_script()(keys=[f"sagaconsole:rate:{actor.token}"], args=[cost]))
        except RedisError as error:
            _here.away_until = time.monotonic() + AWAY_SECONDS
            logger.warning("Redis cannot be reached, requests are counted in this process: %s", error)
    return _here.spend(actor.token, cost)


@cache
def _script() -> Script:
    """Impatient: no request may wait for a Valkey that is away."""
    url = str(settings.RQ_QUEUES[dispatch.QUEUE]["URL"])
    client = Redis.from_url(
        url, socket_connect_timeout=TIMEOUT_SECONDS, socket_timeout=TIMEOUT_SECONDS, retry=Retry(NoBackoff(), 1)
    )
    return client.register_script(SPEND)
