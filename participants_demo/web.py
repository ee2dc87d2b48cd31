"""A few lines of ASGI, in place of Django's request handling.

Django's handler costs as much as the whole database work of a call here, and it cancels a view when the caller hangs
up; a participant must finish what it began, or every timeout would look as if the call had never come.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from participants_demo.protocol import AnswerError, MalformedError

LARGEST_BODY = 4 * 1024 * 1024
logger = logging.getLogger(__name__)
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Beside = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Request:
    """What came in. Header names are in lower case."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


Handler = Callable[[Request], Awaitable[str]]
Routes = Mapping[tuple[str, str], Handler]


class HangUpError(Exception):
    """The caller went away before the request was complete."""


class NotFoundError(AnswerError):
    status, code = 404, "unknown_path"


class WrongMethodError(AnswerError):
    status, code = 405, "wrong_method"


class TooLargeError(AnswerError):
    status, code = 413, "too_large"


@dataclass(frozen=True, slots=True)
class Application:
    """The ASGI application: finds the handler by method and path; a handler returns JSON text or raises AnswerError.

    `beside` runs as long as the process serves.
    """

    routes: Routes
    beside: Sequence[Beside] = ()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        try:
            status, body, retry_after = 200, await self._answer(scope, receive), None
        except HangUpError:
            return
        except AnswerError as error:
            status, body, retry_after = error.status, json.dumps(error.as_json()), error.retry_after_seconds
        except Exception:  # the border of the process: whatever broke becomes a 500, with the traceback in the log
            logger.exception("%s %s broke", scope["method"], scope["path"])
            broken = AnswerError("something broke; the log of this participant says what")
            status, body, retry_after = broken.status, json.dumps(broken.as_json()), None
        await _send(send, status, body.encode(), retry_after)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        running = [asyncio.create_task(work()) for work in self.beside]
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Message, receive: Receive) -> str:
        handler = self._find(scope["method"], scope["path"])
        request = Request(
            path=scope["path"],
            query=dict(_parse_query(scope["query_string"])),
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body=await _read_body(receive),
        )
        return await handler(request)

    def _find(self, method: str, path: str) -> Handler:
        handler = self.routes.get((method, path))
        if handler:
            return handler
        if any(path == known for _, known in self.routes):
            raise WrongMethodError(f"{path} does not take {method}")
        raise NotFoundError(f"there is nothing at {path}")


def _parse_query(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise MalformedError("the query string is not valid") from error


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HangUpError
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise TooLargeError(f"the body is larger than {LARGEST_BODY} bytes")
        if not message.get("more_body"):
            return bytes(body)


async def _send(send: Send, status: int, body: bytes, retry_after_seconds: int | None) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if retry_after_seconds is not None:
        headers.append((b"retry-after", str(retry_after_seconds).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
