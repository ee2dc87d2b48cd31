"""After the last fault: wait for the end of all sagas, and retry once what is stuck."""

import asyncio
import time
from dataclasses import dataclass

from tests.faults import collect
from tests.faults.collect import Connection
from tests.faults.facts import Saga
from tests.faults.rest import Rest

_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Settled:
    """`seconds` after the last fault until nothing was live but what was stuck; `retried`: what was stuck then."""

    seconds: float
    overdue: list[Saga]
    retried: list[Saga]


async def settle(connection: Connection, rest: Rest) -> Settled:
    """Returns after two minutes at most, whether or not all sagas have ended."""
    seconds = await _wait(connection)
    overdue = await collect.rows(connection, Saga, collect.OVERDUE) if seconds >= _PATIENCE_SECONDS else []
    stuck = await collect.rows(connection, Saga, collect.STUCK)
    for saga in stuck:
        await rest.post_until_answered(f"/sagas/{saga.id}/retry", {"reason": "the faults are over"})
    if stuck or overdue:
        await _wait(connection)
    return Settled(seconds, overdue, stuck)


async def _wait(connection: Connection) -> float:
    start = time.monotonic()
    while (waited := time.monotonic() - start) < _PATIENCE_SECONDS:
        if await collect.number(connection, collect.LIVE) == 0:
            return waited
        await asyncio.sleep(0.25)
    return waited
