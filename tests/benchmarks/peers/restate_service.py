"""Restate: a service with one handler of three durable steps. Runs in the peers' environment, under Hypercorn."""

from typing import Any

import restate

STEPS = 3
saga = restate.Service("saga")


async def nothing() -> dict[str, Any]:
    return {"done": True}


@saga.handler()
async def run(context: restate.Context, given: dict[str, Any]) -> dict[str, Any]:
    for number in range(STEPS):
        await context.run_typed(f"step-{number}", nothing)
    return {"done": True, "order": given["order_id"]}


app = restate.app([saga])
