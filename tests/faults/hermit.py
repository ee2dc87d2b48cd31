"""A participant of the harness's own that is dead for a while, with many sagas waiting for it: P10 and P11.

It runs before anything else is broken, so that what is measured is the outage alone.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from statistics import quantiles
from typing import Any

from aiohttp import web

from sagaconsole.demo.terminal import say
from sagaconsole.demo.traffic import a_launch
from tests.faults.facts import Effect, Facts, Outage, Saga
from tests.faults.rest import Rest
from tests.faults.traffic import Traffic
from tests.faults.verdicts import Miss, Verdict, verdict

NAME, DEFINITION = "hermit", "visit-hermit"
RATE = 10.0  # healthy sagas per second
BATCH = 500
PROBES_APART = timedelta(seconds=5)
# Drains that were deciding when the circuit was opened have calls on their way.
GRACE = timedelta(seconds=1)
SLOWER, NOISE_SECONDS = 1.2, 0.05
_LOOK_SECONDS = 0.2
_DOCUMENT = {
    "name": DEFINITION, "business_key": "order_id", "deadline": 86_400,
    "steps": [{"name": "visit", "participant": NAME, "action": "/visit", "timeout": 2,
               "retry": {"max_attempts": 20, "initial": 0.5, "max": 5}}],
}  # fmt: skip
_BAD = {("sku", "SKU-EMPTY"), ("card", "card-low"), ("region", "moon")}


@dataclass
class Hermit:
    """While it is `dead` it hangs up on whoever calls. `calls`: when it was called; `entries`: its ledger."""

    url: str = ""
    dead: bool = True
    calls: list[datetime] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["Hermit"]:
        application = web.Application()
        application.router.add_post("/visit", self._visit)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = str(site.name) if not runner.addresses else f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _visit(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.calls.append(datetime.now(UTC))
        if self.dead:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if body["saga_id"] not in {entry["saga_id"] for entry in self.entries}:
            self.entries.append(body)
        return web.json_response({"visited": True})

    def effects(self) -> list[Effect]:
        return [Effect(NAME, entry["saga_id"], "visit", "action", 0, "", "", 0) for entry in self.entries]


async def endure(rest: Rest, traffic: Traffic, seed: int, *, seconds: float, waiting: int) -> Outage:
    """Healthy traffic before and during an outage of `seconds` with `waiting` sagas that need who is dead."""
    choice = Random(f"{seed} hermit")
    async with Hermit().serving() as hermit:
        await _enrol(rest, hermit.url)
        say(f"a participant is dead for {seconds:g} s, and {waiting} sagas need it")
        before = await _healthy(traffic, choice, seconds=min(seconds, 30.0))
        ids = await _launch(rest, traffic, waiting)
        opened_at = await _open(rest)
        during = await _healthy(traffic, choice, seconds=seconds)
        revived_at = datetime.now(UTC)
        hermit.dead = False
        await _all_ended(rest)
        return Outage(
            healthy_before=before, healthy_during=during, waiting=ids, opened_at=opened_at, revived_at=revived_at,
            calls=tuple(hermit.calls), effects=hermit.effects(),
        )  # fmt: skip


async def _enrol(rest: Rest, url: str) -> None:
    body = f'{{"transport": "http", "base_url": "{url}"}}'.encode()
    assert await rest.status_of("PUT", f"/participants/{NAME}", body, "application/json", "") in (200, 201)
    status, told = await rest.post_until_answered("/definitions", _DOCUMENT)
    assert status in (200, 201), told


async def _healthy(traffic: Traffic, choice: Random, *, seconds: float) -> tuple[str, ...]:
    """Orders that go well, one after the other; the keys under which they were launched."""
    keys: list[str] = []
    async with asyncio.TaskGroup() as group:
        for _number in range(int(seconds * RATE)):
            body = _a_good_order(choice)
            keys.append(body["input"]["order_id"])
            group.create_task(traffic.launch(body))
            await asyncio.sleep(1 / RATE)
    return tuple(keys)


def _a_good_order(choice: Random) -> dict[str, Any]:
    while True:
        body = a_launch(choice)
        given = body["input"]
        if body["definition"] == "place-order" and not _BAD & set(given.items()) and "delay_seconds" not in given:
            return body


async def _launch(rest: Rest, traffic: Traffic, number: int) -> tuple[str, ...]:
    keys = [f"HERMIT-{one}" for one in range(number)]
    for start in range(0, number, BATCH):
        items = [
            {"definition": DEFINITION, "input": {"order_id": key}, "idempotency_key": key}
            for key in keys[start : start + BATCH]
        ]
        status, told = await rest.post_until_answered("/sagas/batch", {"items": items})
        assert status == 200, told
        for item, said in zip(items, told["items"], strict=True):
            traffic.acknowledged[str(item["idempotency_key"])] = said["saga"]["id"]
    return tuple(traffic.acknowledged[key] for key in keys)


async def _open(rest: Rest) -> datetime:
    while (told := await rest.look(f"/participants/{NAME}")) is None or told["circuit"] != "open":  # noqa: ASYNC110  the engine decides
        await asyncio.sleep(_LOOK_SECONDS)
    return datetime.fromisoformat(told["circuit_changed_at"])


async def _all_ended(rest: Rest) -> None:
    live = f"/sagas?definition={DEFINITION}&status=pending&status=running&status=compensating&limit=1"
    while (told := await rest.look(live)) is None or told["items"]:  # noqa: ASYNC110  the engine decides
        await asyncio.sleep(_LOOK_SECONDS)


# -- verdicts ------------------------------------------------------------------------------------------------------


def verdicts(facts: Facts) -> list[Verdict]:
    """P10: who does not need it is hardly slower. P11: it is left in peace, and everybody who waited goes on."""
    p10, p11 = "one participant down, the others' p95", "calls to a dead participant"
    outage = facts.outage
    if outage is None:
        return [Verdict(name, said, not_yet="this run had no outage") for name, said in (("P10", p10), ("P11", p11))]
    before, during = (_p95(facts, keys) for keys in (outage.healthy_before, outage.healthy_during))
    slower = f"{before * 1000:.0f} ms before, {during * 1000:.0f} ms with {len(outage.waiting)} waiting"
    probes = _probes(outage)
    seconds = (outage.revived_at - outage.opened_at).total_seconds()
    return [
        verdict("P10", p10, len(outage.healthy_during), _too_slow(before, during, slower), slower),
        verdict("P11", p11, len(outage.calls), _too_many(outage, probes, facts.sagas),
                f"{len(probes)} probes in {seconds:.0f} s"),
    ]  # fmt: skip


def _p95(facts: Facts, keys: Sequence[str]) -> float:
    wanted = {facts.acknowledged[key] for key in keys if key in facts.acknowledged}
    times = [
        (saga.finished_at - saga.created_at).total_seconds()
        for saga in facts.sagas
        if saga.id in wanted and saga.finished_at is not None and saga.created_at is not None
    ]
    return quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else 0.0


def _too_slow(before: float, during: float, figure: str) -> Iterator[Miss]:
    if during > SLOWER * before + NOISE_SECONDS:
        yield Miss("", figure)


def _probes(outage: Outage) -> list[datetime]:
    return [at for at in outage.calls if outage.opened_at + GRACE < at < outage.revived_at]


def _too_many(outage: Outage, probes: Sequence[datetime], sagas: Sequence[Saga]) -> Iterator[Miss]:
    for one, following in pairwise(probes):
        if following - one < PROBES_APART:
            yield Miss("", f"two probes {(following - one).total_seconds():.2f} s apart")
    ends = {saga.id: saga.status for saga in sagas}
    for saga_id in outage.waiting:
        if ends.get(saga_id) != "completed":
            yield Miss(saga_id, f"waited for the dead participant, and is {ends.get(saga_id)}")
