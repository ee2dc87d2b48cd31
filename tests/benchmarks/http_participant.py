"""`python -m tests.benchmarks.http_participant PORT`: a participant that answers at once, or after N seconds.

It does no work and keeps nothing, so that what is measured is the caller. `/nothing` answers at once, `/wait/N` after
N seconds; `GET /most` tells how many calls it had at once since it was last asked.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

from sagaconsole.embedded.ports import HOST

Message = dict[str, Any]
ANSWER = b'{"done": true}'
_now = _most = 0


async def app(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Any]) -> None:
    """A bare ASGI application."""
    while (await receive()).get("more_body"):
        pass
    path = scope["path"]
    if path == "/most":
        await _answer(send, json.dumps(_take_most()).encode())
        return
    _count(1)
    try:
        if path.startswith("/wait/"):
            await asyncio.sleep(float(path.rpartition("/")[2]))
        await _answer(send, ANSWER)
    finally:
        _count(-1)


def _count(one: int) -> None:
    global _now, _most  # noqa: PLW0603  one process, one loop
    _now += one
    _most = max(_most, _now)


def _take_most() -> int:
    global _most
    most, _most = _most, _now
    return most


async def _answer(send: Callable[[Message], Any], body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(
        app, host=HOST, port=int(sys.argv[1]), lifespan="off", log_level="warning", access_log=False, loop="uvloop",
        http="httptools", backlog=4096,
    )  # fmt: skip
