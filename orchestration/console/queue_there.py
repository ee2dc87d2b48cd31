"""Whether the queue can be reached, for the banner on every page."""

from dataclasses import dataclass
from time import monotonic

from redis.exceptions import RedisError

from orchestration import dispatch

ASKED_EVERY_SECONDS = 5.0


@dataclass
class _Heard:
    is_there: bool = True
    at: float = -ASKED_EVERY_SECONDS


_heard = _Heard()


def queue_is_there() -> bool:
    """Asked every 5 seconds at most: pages must not wait, one after another, for a queue that is away."""
    if monotonic() - _heard.at >= ASKED_EVERY_SECONDS:
        _heard.at = monotonic()  # those who come while it is asked take the last answer
        try:
            _heard.is_there = bool(dispatch.queue().connection.ping())
        except RedisError:
            _heard.is_there = False
    return _heard.is_there
