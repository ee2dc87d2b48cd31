"""Launches while everything is being broken; remembers what was acknowledged."""

import asyncio
import time
from random import Random
from typing import Any

from sagaconsole.demo.traffic import a_launch
from tests.faults.rest import Rest

# Beside the demo's own mix: more that must be undone, because the way back is where it hurts, and more approvals.
_ORDERS = ({"sku": "SKU-EMPTY"}, {"card": "card-low", "amount": 5_000}, {"region": "moon"})
_CHANGES: dict[str, tuple[dict[str, Any], ...]] = {
    "place-order": _ORDERS,
    "place-order-mixed": _ORDERS,  # the payment by gRPC, the delivery by RabbitMQ where there is one
    "order-with-approval": ({"amount": 60_000}, {"region": "moon"}, {"region": "island", "qty": 30}),
    "transfer-with-pivot": ({"payee": "acc-closed"},),
    "order-with-delivery": ({"card": "card-low", "amount": 5_000}, {"region": "moon"}),
}
_CHANGED_SHARE = 0.2
_TWICE_SHARE = 0.05


class Traffic:
    """`acknowledged`: the saga id that the console gave for each idempotency key. `refused`: answers that are wrong."""

    def __init__(self, rest: Rest, seed: int) -> None:
        self.acknowledged: dict[str, str] = {}
        self.refused: list[str] = []
        self._rest = rest
        self._choice = Random(f"{seed} traffic")

    async def run(self, *, rate: float, seconds: float) -> None:
        """Launch at `rate` per second; returns when each launch was answered."""
        end = time.monotonic() + seconds
        due = time.monotonic()
        async with asyncio.TaskGroup() as group:
            while due < end:
                body = self.body()
                for _time in range(2 if self._choice.random() < _TWICE_SHARE else 1):
                    group.create_task(self.launch(body))
                due += 1 / rate
                await asyncio.sleep(due - time.monotonic())

    def body(self) -> dict[str, Any]:
        """The next launch, as it is posted."""
        body = a_launch(self._choice)
        if self._choice.random() < _CHANGED_SHARE and body["definition"] in _CHANGES:
            return body | {"input": body["input"] | self._choice.choice(_CHANGES[body["definition"]])}
        return body

    async def launch(self, body: dict[str, Any]) -> None:
        """Launch until it is acknowledged; what is wrong with the answer is kept."""
        key = body["input"].get("order_id") or body["input"]["transfer_id"]
        status, saga = await self._rest.post_until_answered("/sagas", body, key=key)
        if status not in {200, 201}:
            self.refused.append(f"{key}: {status} {saga}")
        elif self.acknowledged.setdefault(key, saga["id"]) != saga["id"]:
            self.refused.append(f"{key}: acknowledged as {self.acknowledged[key]} and as {saga['id']}")
