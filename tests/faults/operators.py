"""People who act on sagas at random, two at a time and sometimes both at once, while everything is being broken."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from tests.faults.facts import Act
from tests.faults.rest import Rest

_TWICE_SHARE = 0.3
_PAUSE_SECONDS = (0.5, 4.0)
_SURE_SECONDS = 10.0  # no call that was out can still have an effect then
_AGAIN_SECONDS = 0.3
_TAKEN = {200, 201}
_APPROVAL, _APPROVED_AT_ONCE, _APPROVED_SHARE = "approve-amount", 3, 0.8
# What is tried on a saga that is found in a status; most of it does not fit, and must then be refused.
_TRIED = {
    "running": ("pause", "pause", "compensate", "retry"),
    "compensating": ("pause", "retry", "compensate"),
    "stuck": ("retry", "resolve", "skip", "compensate", "restart-from", "restart-from"),
}
_ONCE_ONLY = {"pause", "resume", "compensate", "approve", "skip", "resolve", "restart-from"}
Saga = Mapping[str, Any]


class Operators:
    """`acts`: every request that was made, with its answer. Each has a reason of its own, by which it is found."""

    def __init__(self, rest: Rest, seed: int, tokens: tuple[str, str], participants: Mapping[str, str]) -> None:
        self.acts: list[Act] = []
        self._rest = rest
        self._tokens = tokens
        self._participants = participants
        self._choice = Random(f"{seed} operators")
        self._stuck_since: dict[str, float] = {}

    async def run(self, *, rate: float, seconds: float) -> None:
        """Act at `rate` per second; returns when all that was paused is resumed."""
        end = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            while time.monotonic() < end:
                status = self._choice.choice([*_TRIED, "approval"])
                group.create_task(self._approve() if status == "approval" else self._act_on_one(status))
                await asyncio.sleep(1 / rate)

    async def do(self, saga_id: str, act: str, **more: Any) -> int:
        """One act, again and again until it is answered; each request is an act with a reason of its own."""
        while True:
            status = await self._once(self._note(saga_id, act), 0, more)
            if 0 < status < 500:
                return status
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _act_on_one(self, status: str) -> None:
        found = await self._rest.look(f"/sagas?status={status}&limit=50")
        sagas = (found or {}).get("items", [])
        if not sagas:
            return
        saga = self._choice.choice(sagas)
        act = self._choice.choice(_TRIED[status])
        if status == "stuck":
            await self.repair(saga["id"], act)
            return
        taken = await self._perhaps_twice(saga, act)
        if act == "pause" and taken:
            await asyncio.sleep(self._choice.uniform(*_PAUSE_SECONDS))
            await self.do(saga["id"], "resume")

    async def repair(self, saga_id: str, act: str, *, is_quiet: bool = False) -> None:
        """Retry, resolve (once no call can be on its way: it `is_quiet`), skip or compensate what is stuck."""
        saga = await self._rest.look(f"/sagas/{saga_id}")
        since = self._stuck_since.setdefault(saga_id, time.monotonic())
        if saga is None or saga["status"] != "stuck":
            return
        failed = [step for step in saga["steps"] if step["status"] in {"failed", "compensation_failed"}]
        if act != "resolve" or not failed:
            await self._perhaps_twice(saga, act)
        elif is_quiet or time.monotonic() - since > _SURE_SECONDS:
            step = failed[-1]
            outcome = "applied" if await self._took_effect(saga_id, step) else "not_applied"
            await self._perhaps_twice(saga, act, step=step["name"], outcome=outcome)

    async def _took_effect(self, saga_id: str, step: Mapping[str, Any]) -> bool:
        """As a careful person would find out: in the participants' own books, under the name that they know."""
        saga_id = step.get("origin_saga_id") or saga_id
        for url in self._participants.values():
            found = await self._rest.get(f"{url}/ledger?saga_id={saga_id}")
            entries = [(entry["step"], entry["direction"]) for entry in found["entries"]]
            if (step["name"], step["direction"]) in entries:
                return True
        return False

    async def _approve(self) -> None:
        found = await self._rest.look(f"/sagas?status=running&step={_APPROVAL}&limit=50")
        for one in (found or {}).get("items", [])[:_APPROVED_AT_ONCE]:
            outcome = "approved" if self._choice.random() < _APPROVED_SHARE else "rejected"
            await self._perhaps_twice(one, "approve", outcome=outcome)

    async def _perhaps_twice(self, saga: Saga, act: str, **more: Any) -> bool:
        """Sometimes two people do it on the same revision at the same moment; whether one of them was granted it."""
        about = more | {"revision": saga["revision"]}
        first = self._note(saga["id"], act)
        asked = [self._once(first, 0, about)]
        # Who compensates what is compensating is granted it, and nothing changes: that is no effect to count.
        if act in _ONCE_ONLY and saga["status"] != "compensating" and self._choice.random() < _TWICE_SHARE:
            asked.append(self._once(self._note(saga["id"], act, twin=self.acts[first].reason), 1, about))
        statuses: list[int] = await asyncio.gather(*asked)
        return not _TAKEN.isdisjoint(statuses)

    def _note(self, saga_id: str, act: str, *, twin: str = "") -> int:
        """A place in `acts` for a request that is to be made."""
        self.acts.append(Act(saga_id, act, f"fault run act {len(self.acts)}", 0, twin))
        return len(self.acts) - 1

    async def _once(self, number: int, who: int, about: Mapping[str, Any]) -> int:
        act = self.acts[number]
        body = {"reason": act.reason, **about}
        status, _saga = await self._rest.post_once(f"/sagas/{act.saga_id}/{act.act}", body, token=self._tokens[who])
        self.acts[number] = replace(act, status=status)
        return status
