"""Where calls arrive, whatever they came by: HTTP (views.py), gRPC (rpc.py), or a queue (amqp.py)."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from participants_demo import barrier
from participants_demo.database import in_database
from participants_demo.inputs import delay_seconds
from participants_demo.protocol import ACTION, COMPENSATION, Call, MalformedError, UnknownTargetError, twin_of
from participants_demo.service import Service, Starter, perform

_delayed: Counter[str] = Counter()  # keys that wait for their `delay_seconds` in this process


async def do(service: Service, target: str, call: Call) -> str:
    """Do a call at most once; `target` is a path of the service. Returns the output as JSON. Raises AnswerError."""
    verb, direction = _verb(service, target)
    if call.direction != direction:
        raise MalformedError(f"{target} takes direction {direction}, not {call.direction}")
    await _delay(call)
    return await in_database(lambda: perform(call, verb))


async def state_of(key: str) -> dict[str, Any]:
    """What became of a call: `state`, with `output` when done and `error` and `code` when refused."""
    twin_of(key)
    found = await in_database(lambda: barrier.state_of(key))
    if found["state"] in {"absent", "refused"} and key in _delayed:
        return {"state": "in_progress"}
    return found


def _verb(service: Service, target: str) -> tuple[Starter, str]:
    if target in service.actions:
        return service.actions[target], ACTION
    if target in service.compensations:
        return service.compensations[target], COMPENSATION
    raise UnknownTargetError(f"there is nothing at {target}")


async def _delay(call: Call) -> None:
    """Wait as long as the input of an action asks for, unless it was done before."""
    seconds = delay_seconds(call.input) if call.is_action else 0
    if not seconds or (await in_database(lambda: barrier.state_of(call.key)))["state"] == "done":
        return
    with _in_hand(call.key):  # no thread and no connection is held meanwhile
        await asyncio.sleep(seconds)


@contextmanager
def _in_hand(key: str) -> Iterator[None]:
    _delayed[key] += 1
    try:
        yield
    finally:
        _delayed[key] -= 1
        if not _delayed[key]:
            del _delayed[key]
