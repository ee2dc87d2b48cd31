"""`python -m tests.benchmarks.bare_client URL CALLS IN_FLIGHT`: the same HTTP calls with no record of anything.

The same library, connector, headers and body as the engine's transport, and the answer is parsed as there. This is the
limit of what a worker could reach. Prints when it began and ended, and its CPU seconds.
"""

import asyncio
import json
import secrets
import sys
import time
from typing import Any

import aiohttp
import uvloop

KEEPALIVE_SECONDS = 2.0
TIMEOUT_SECONDS = 30.0


async def main(url: str, calls: int, in_flight: int) -> dict[str, float]:
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_SECONDS)
    async with aiohttp.ClientSession(
        connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        numbers = iter(range(calls))
        began = time.time()
        await asyncio.gather(*(_one_after_another(session, url, numbers) for _number in range(in_flight)))
        return {"began": began, "ended": time.time(), "cpu": time.process_time()}


async def _one_after_another(session: aiohttp.ClientSession, url: str, numbers: Any) -> None:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    for number in numbers:
        body, headers = _request(number)
        async with session.post(url, data=body, headers=headers, timeout=timeout, allow_redirects=False) as response:
            answer = json.loads(await response.read())
            if response.status != 200 or not answer["done"]:
                raise RuntimeError(f"status {response.status}")


def _request(number: int) -> tuple[bytes, dict[str, str]]:
    """As large as the engine's."""
    saga = f"{number:032x}"
    command = {
        "saga_id": saga, "saga": "bench-http", "business_key": f"O-{number}", "step": "step-0", "direction": "action",
        "attempt": 1, "input": {"order": "O-4711", "sku": "BOOK-42", "qty": 2},
    }  # fmt: skip
    headers = {
        "Content-Type": "application/json", "Idempotency-Key": f"{saga}:step-0:action", "Saga-Epoch": "1",
        "Saga-Callback": f"http://127.0.0.1:8000/api/v1/callbacks/{saga}.0.{saga}",
        "traceparent": f"00-{saga}-{secrets.token_hex(8)}-01",
    }  # fmt: skip
    return json.dumps(command, separators=(",", ":")).encode(), headers


if __name__ == "__main__":
    print(json.dumps(uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))  # noqa: T201
