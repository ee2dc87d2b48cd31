"""P8, second half: thousands of sagas are due and no worker is there; Valkey is emptied and killed; all must begin.

The pile is made of sagas of one call, launched while the workers stand still, so nothing has begun when Valkey goes.
"""

import asyncio
import signal
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from tests.faults import collect
from tests.faults.collect import Connection
from tests.faults.facts import Facts, Piled
from tests.faults.rest import Rest
from tests.faults.system import System, children_of, send
from tests.faults.verdicts import Miss, Verdict, verdict

LIMIT = timedelta(seconds=60)
NAME = "one-of-many"
_BATCH = 1000
_PATIENCE_SECONDS = 180.0
_LOOK_SECONDS = 0.2
_SAID = ("P8b", "Valkey emptied: the last of 5,000 due sagas begins <= 60 s")
_DOCUMENT: dict[str, Any] = {
    "name": NAME,
    "business_key": "order_id",
    "steps": [
        {
            "name": "create-order", "participant": "orders", "action": "/create", "compensation": "/cancel",
            "payload": "{order_id: input.order_id}",
        }
    ],
}  # fmt: skip
_PENDING = "SELECT count(*) FROM orchestration_saga WHERE status = 'pending' AND due_at <= clock_timestamp()"
_NOW = "SELECT clock_timestamp()"


async def pile_up(system: System, rest: Rest, database: Connection, *, sagas: int) -> Piled:
    """Launch the pile on workers that stand still, empty Valkey, let them go, and wait until all sagas have begun."""
    status, _definition = await rest.post_until_answered("/definitions", _DOCUMENT)
    if status not in {200, 201}:
        raise RuntimeError(f"the definition of the pile was not taken: {status}")
    frozen = _freeze(system)
    acknowledged: dict[str, str] = {}
    for first in range(0, sagas, _BATCH):
        acknowledged |= await _launched(rest, range(first, min(first + _BATCH, sagas)))
    async with Redis.from_url(system.facts["redis_url"]) as valkey:
        await valkey.flushall()
    for pid in system.processes("valkey"):
        send(pid, signal.SIGKILL)
    at = await _now(database)
    for pid in frozen:
        send(pid, signal.SIGCONT)
    await _until_begun(database)
    return Piled(at, acknowledged)


def verdict_on(facts: Facts) -> Verdict:
    """From the moment Valkey was emptied to the first try of the last saga."""
    pile = facts.piled
    if pile is None:
        return Verdict(*_SAID, not_yet="no pile was made in this run")
    begun = _begun(facts)
    waits = sorted(begun[saga_id] - pile.at for saga_id in pile.acknowledged.values() if saga_id in begun)
    figure = f"first {waits[0].total_seconds():.1f} s, last {waits[-1].total_seconds():.1f} s" if waits else ""
    return verdict(*_SAID, len(pile.acknowledged), _late(pile, begun), figure)


def _late(pile: Piled, begun: dict[str, datetime]) -> Iterator[Miss]:
    for saga_id in pile.acknowledged.values():
        if saga_id not in begun:
            yield Miss(saga_id, "never began")
        elif begun[saga_id] - pile.at > LIMIT:
            yield Miss(saga_id, f"began after {(begun[saga_id] - pile.at).total_seconds():.1f} s")


def _begun(facts: Facts) -> dict[str, datetime]:
    begun: dict[str, datetime] = {}
    for attempt in facts.attempts:
        begun[attempt.saga_id] = min(attempt.started_at, begun.get(attempt.saga_id, attempt.started_at))
    return begun


def _freeze(system: System) -> list[int]:
    """The workers stand still, and their drains are dead."""
    frozen = [pid for pid in system.processes("workers") if send(pid, signal.SIGSTOP)]
    for pid in frozen:
        for child in children_of(pid):
            send(child, signal.SIGKILL)
    return frozen


async def _launched(rest: Rest, numbers: range) -> dict[str, str]:
    """The sagas' ids by their keys."""
    keys = [f"PILE-{number}" for number in numbers]
    items = [{"definition": NAME, "input": {"order_id": key}, "idempotency_key": key} for key in keys]
    status, answer = await rest.post_until_answered("/sagas/batch", {"items": items})
    results = answer["items"] if status == 200 else [{"status": status}]
    if wrong := [result for result in results if result["status"] not in {200, 201}]:
        raise RuntimeError(f"the pile was not launched: {wrong[0]}")
    return {key: result["saga"]["id"] for key, result in zip(keys, results, strict=True)}


async def _until_begun(database: Connection) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end and await collect.number(database, _PENDING):  # noqa: ASYNC110  others decide
        await asyncio.sleep(_LOOK_SECONDS)


async def _now(database: Connection) -> datetime:
    row = await (await database.execute(_NOW.encode())).fetchone()
    assert row is not None
    now: datetime = row[0]
    return now
