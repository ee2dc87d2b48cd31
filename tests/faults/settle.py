"""After the last fault: wait for the end of all sagas, repair what is stuck, and have the audit verified."""

import asyncio
import time
from dataclasses import dataclass

from tests.faults import collect
from tests.faults.collect import Connection
from tests.faults.facts import Chain, Saga
from tests.faults.operators import Operators
from tests.faults.system import System

_PATIENCE_SECONDS = 60.0
_SEALED_WITHIN_SECONDS = 20.0
# Tried again first; a pivot in doubt is looked up and resolved; what an act had taken the ground from is skipped.
_REPAIRS = ("retry", "resolve", "retry", "skip", "skip")


@dataclass(frozen=True, slots=True)
class Settled:
    """`seconds` after the last fault until only stuck sagas were live; `repaired`: which, and why."""

    seconds: float
    overdue: list[Saga]
    repaired: dict[str, str]


async def settle(connection: Connection, operators: Operators) -> Settled:
    """Returns after a few minutes at most, whether or not all sagas have ended."""
    for saga in await collect.rows(connection, Saga, collect.PAUSED):
        await operators.do(saga.id, "resume")
    seconds = await _wait(connection, operators)
    overdue = await collect.rows(connection, Saga, collect.OVERDUE) if seconds >= _PATIENCE_SECONDS else []
    repaired: dict[str, str] = {}
    for act in _REPAIRS:
        stuck = await collect.rows(connection, Saga, collect.STUCK)
        for saga in stuck:
            repaired.setdefault(saga.id, saga.stuck_reason)
            await operators.repair(saga.id, act, is_quiet=True)
        if stuck or overdue:
            await _wait(connection, operators)
    return Settled(seconds, overdue, repaired)


async def audit_chain(connection: Connection, system: System) -> Chain:
    """Have the chain verified, as an auditor would, once the dispatcher has had the time to seal the last rows."""
    ends = time.monotonic() + _SEALED_WITHIN_SECONDS
    while time.monotonic() < ends:
        if await collect.number(connection, collect.UNSEALED) == 0:
            break
        await asyncio.sleep(0.25)
    rows = await collect.number(connection, collect.AUDIT_ROWS)
    return Chain(rows, *await system.manage("audit", "verify"))


async def _wait(connection: Connection, operators: Operators) -> float:
    start = time.monotonic()
    while (waited := time.monotonic() - start) < _PATIENCE_SECONDS:
        if await collect.number(connection, collect.LIVE) == 0:
            return waited
        for saga_id in await collect.texts(connection, collect.APPROVALS):
            await operators.do(saga_id, "approve", outcome="approved")
        await asyncio.sleep(0.25)
    return waited
