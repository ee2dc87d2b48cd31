"""The RQ jobs: thin. What may run at all is the allow-list in `worker`."""

import asyncio
import gc
import logging
import random
import signal

import uvloop
from django.conf import settings
from django.db import InterfaceError, OperationalError, connections
from redis.exceptions import RedisError

from orchestration import bulk, dispatch, webhooks
from orchestration.drain.loop import Drain, Summary
from orchestration.store import bulks
from orchestration.store import webhooks as messages

logger = logging.getLogger(__name__)
SLICE_SECONDS = 10.0
SPREAD = 0.2


class StopFlag:
    """Set by SIGUSR1, which the worker sends to its child when it is told to stop."""

    def __init__(self) -> None:
        self.is_set = False

    def set(self, *_signal: object) -> None:
        self.is_set = True


STOP = StopFlag()


def run_drain() -> None:
    """Drain until the slice is over, and see to it that another drain follows.

    While no successor can be enqueued (Redis is away) this job goes on itself.
    """
    connections.close_all()
    _collect_seldom()
    while True:
        summary = uvloop.run(_drain())
        if summary.stopped or _successor_is_sure():
            return


def _collect_seldom() -> None:
    """A drain makes many small objects and few cycles; looking for them at the usual pace costs a fifth of its time."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


async def _drain() -> Summary:
    drain = Drain(slice_seconds=_slice_seconds(), max_calls=settings.SAGA_MAX_CALLS, stop_requested=lambda: STOP.is_set)

    def stop() -> None:
        STOP.set()
        drain.wake()

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, stop)
    return await drain.run()


def _slice_seconds() -> float:
    """Drains that began together must not end together: until their successors listen, a launch would wait for them."""
    return SLICE_SECONDS * random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311  no secret


def _successor_is_sure() -> bool:
    try:
        if len(dispatch.queue()) > 0:
            return True
    except RedisError as error:
        logger.warning("Redis cannot be reached, the drain goes on: %s", error)
        return False
    return dispatch.enqueue_drain()


def run_housekeeping() -> None:
    """Send webhooks and work on bulk acts that are due, and see to it that another job follows while some are.

    Without the database nothing is lost: what was due is due again, and the dispatcher sends for a worker.
    """
    connections.close_all()
    try:
        bulks.begin_work()
        webhooks.work(seconds=SLICE_SECONDS, stop=lambda: STOP.is_set)
        bulk.work(seconds=SLICE_SECONDS, stop=lambda: STOP.is_set)
        if bulks.is_due() or messages.is_due():
            dispatch.enqueue_housekeeping()
    except (OperationalError, InterfaceError) as error:
        logger.warning("webhooks and bulk acts wait: the database cannot be reached: %s", str(error).strip())
