"""`python -m sagaconsole.demo.traffic`: launches sagas over REST at a steady rate, good ones and bad ones."""

import argparse
import asyncio
import json
import logging
import random
import time
import uuid
from pathlib import Path
from typing import Any

import aiohttp

_AT_ONCE = 256
_SECONDS = 10
# Share of the orders, and how they differ from one that goes well.
_KINDS: tuple[tuple[float, dict[str, Any]], ...] = (
    (0.80, {}),
    (0.05, {"sku": "SKU-EMPTY"}),
    (0.05, {"card": "card-low", "amount": 5_000}),
    (0.05, {"region": "moon"}),
    (0.04, {"delay_seconds": 3}),
    (0.01, {"delay_seconds": 7}),
)
# The same for orders with approval: few need one, so that people find some waiting, and not hundreds.
_KINDS_WITH_APPROVAL: tuple[tuple[float, dict[str, Any]], ...] = (
    (0.46, {}),
    (0.20, {"region": "island"}),
    (0.15, {"region": "mountain"}),
    (0.10, {"region": "collect", "receipt": False, "think_over": False}),
    (0.04, {"region": "moon"}),
    (0.03, {"region": "island", "qty": 30}),
    (0.02, {"amount": 60_000}),
)
# Share of the sagas by definition.
_MIX = {
    "place-order": 0.35, "place-order-mixed": 0.25, "transfer-with-pivot": 0.15, "order-with-approval": 0.15,
    "order-with-delivery": 0.1,
}  # fmt: skip
logger = logging.getLogger("traffic")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sagaconsole.demo.traffic", description=__doc__)
    parser.add_argument("--demo-json", type=Path, required=True, help="waits for it, and reads address and token there")
    parser.add_argument("--rate", type=float, required=True, help="sagas per second")
    arguments = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    asyncio.run(_launch_for_ever(_facts(arguments.demo_json), rate=arguments.rate))


def an_order(choice: random.Random) -> dict[str, Any]:
    """The input of place-order: mostly one that goes well, sometimes out of stock, over the limit, or slow."""
    return _plain_order(choice) | _one_of(_KINDS, choice)


def a_launch(choice: random.Random) -> dict[str, Any]:
    """What is posted for one saga: mostly an order, sometimes a transfer, or an order that may need approval."""
    [definition] = choice.choices(list(_MIX), list(_MIX.values()))
    match definition:
        case "transfer-with-pivot":
            sent = _transfer(choice)
        case "order-with-approval":
            sent = _plain_order(choice) | _one_of(_KINDS_WITH_APPROVAL, choice)
        case _:
            sent = an_order(choice)
    return {"definition": definition, "input": sent}


def _plain_order(choice: random.Random) -> dict[str, Any]:
    return {
        "order_id": f"ORDER-{_number(choice)}",
        "sku": choice.choice(["SKU-1", "SKU-2", "SKU-3", "SKU-4", "SKU-5"]),
        "qty": choice.randint(1, 5),
        "card": choice.choice(["card-1", "card-2", "card-3"]),
        "amount": choice.randint(500, 20_000),
        "region": choice.choice(["north", "south", "east", "west"]),
    }


def _transfer(choice: random.Random) -> dict[str, Any]:
    return {
        "transfer_id": f"TRANSFER-{_number(choice)}",
        "card": choice.choice(["card-1", "card-2", "card-3"]),
        "payee": "acc-closed" if choice.random() < 0.1 else choice.choice(["acc-1", "acc-2", "acc-3"]),
        "amount": choice.randint(500, 20_000),
    }


def _one_of(kinds: tuple[tuple[float, dict[str, Any]], ...], choice: random.Random) -> dict[str, Any]:
    [(_share, change)] = choice.choices(kinds, [share for share, _change in kinds])
    return change


def _number(choice: random.Random) -> str:
    return uuid.UUID(int=choice.getrandbits(128)).hex[:12]


def _facts(path: Path) -> dict[str, Any]:
    while not path.exists():
        time.sleep(0.2)
    facts: dict[str, Any] = json.loads(path.read_text())
    return facts


async def _launch_for_ever(facts: dict[str, Any], *, rate: float) -> None:
    headers = {"Authorization": f"Bearer {facts['api_token']}"}
    room = asyncio.Semaphore(_AT_ONCE)
    choice = random.Random()  # noqa: S311  orders, not secrets
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    async with (
        aiohttp.ClientSession(facts["url"], headers=headers, timeout=timeout) as session,
        asyncio.TaskGroup() as group,
    ):
        due = time.monotonic()
        while True:
            await room.acquire()
            launch = group.create_task(_launch(session, a_launch(choice)))
            launch.add_done_callback(lambda _task: room.release())
            # After a stall it goes on at the rate asked for, instead of making up for the time lost.
            due = max(due + 1 / rate, time.monotonic() - 1)
            await asyncio.sleep(due - time.monotonic())


async def _launch(session: aiohttp.ClientSession, body: dict[str, Any]) -> None:
    sent = body["input"]
    key = {"Idempotency-Key": sent.get("order_id") or sent["transfer_id"]}
    try:
        async with session.post("/api/v1/sagas", json=body, headers=key) as answer:
            if answer.status not in {200, 201}:
                logger.warning("%s: %s", answer.status, (await answer.text())[:500])
    except (aiohttp.ClientError, TimeoutError) as error:  # the console is being started again, or is busy
        logger.warning("not launched: %r", error)


if __name__ == "__main__":
    main()
