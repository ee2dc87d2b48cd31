"""What each answer of an HTTP participant means: the table of the participant protocol, row by row."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from orchestration.identifiers import uuid7
from orchestration.participants.call import call
from orchestration.participants.hosts import AllowList
from orchestration.participants.http import HttpParticipant, HttpTransport
from orchestration.participants.messages import Answer, Command, Outcome

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DIED = "the connection is cut"


def command(**more: Any) -> Command:
    values = {
        "saga_id": uuid7(), "saga": "story", "business_key": "o-1", "step": "one", "direction": "action",
        "target": "/do", "participant": "p", "attempt": 1, "epoch": 7, "timeout": 2.0, "input": {"a": 1},
        "output": None, "ask_first": False,
    }  # fmt: skip
    return Command(**{**values, **more})


@asynccontextmanager
async def participant(handler: Handler, status: Handler | None = None) -> AsyncIterator[HttpTransport]:
    """A participant on a free port, and the transport that calls it."""
    app = web.Application()
    app.router.add_post("/do", handler)
    if status is not None:
        app.router.add_get("/status", status)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    known = HttpParticipant(address, "/status" if status is not None else "", "")
    transport = HttpTransport(AllowList(["127.0.0.1"]), lambda _name: known, "http://console.test")
    try:
        yield transport
    finally:
        await transport.close()
        await runner.cleanup()


def send(handler: Handler, **more: Any) -> Answer:
    async def go() -> Answer:
        async with participant(handler) as transport:
            return await transport.send(command(**more))

    return asyncio.run(go())


def answering(status: int, body: str = "", **headers: str) -> Handler:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=body, headers=headers)

    return handler


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        pytest.param(200, '{"ref": 1}', Outcome.SUCCEEDED, id="200 with JSON is done"),
        pytest.param(204, "", Outcome.SUCCEEDED, id="an empty body is done"),
        pytest.param(202, "", Outcome.ACCEPTED, id="202 is accepted"),
        pytest.param(408, "", Outcome.TRY_LATER, id="408 is try later"),
        pytest.param(425, "", Outcome.TRY_LATER, id="425 is try later"),
        pytest.param(429, "", Outcome.TRY_LATER, id="429 is try later"),
        pytest.param(503, "", Outcome.TRY_LATER, id="503 is try later"),
        pytest.param(500, "", Outcome.IN_DOUBT, id="500 is in doubt"),
        pytest.param(502, "", Outcome.IN_DOUBT, id="502 is in doubt"),
        pytest.param(504, "", Outcome.IN_DOUBT, id="504 is in doubt"),
        pytest.param(400, "", Outcome.REFUSED, id="400 is refused"),
        pytest.param(409, '{"error": "late", "code": "late_action"}', Outcome.REFUSED, id="another 409 is refused"),
        pytest.param(409, '{"error": "old", "code": "stale_epoch"}', Outcome.STALE_EPOCH, id="409 stale_epoch"),
        pytest.param(302, "", Outcome.IN_DOUBT, id="a redirect is an invalid answer"),
        pytest.param(200, "<html>", Outcome.IN_DOUBT, id="not JSON is an invalid answer"),
        pytest.param(200, '{"n": NaN}', Outcome.IN_DOUBT, id="NaN is an invalid answer"),
        pytest.param(200, '{"n": "\\u0000"}', Outcome.IN_DOUBT, id="NUL is an invalid answer"),
        pytest.param(200, '{"n": "\\ud800"}', Outcome.IN_DOUBT, id="a lone surrogate is an invalid answer"),
        pytest.param(200, '{"n": "\\\\u0000"}', Outcome.SUCCEEDED, id="a backslash before u0000 is just text"),
        pytest.param(200, "[" * 100_000, Outcome.IN_DOUBT, id="endless nesting is an invalid answer"),
        pytest.param(200, '"' + "x" * 1_100_000 + '"', Outcome.IN_DOUBT, id="more than 1 MiB is an invalid answer"),
    ],
)
def test_what_an_answer_means(status: int, body: str, outcome: Outcome) -> None:
    assert send(answering(status, body)).outcome is outcome


def test_the_body_decides_not_its_label() -> None:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(text='{"ref": 1}', content_type="text/plain")

    assert send(handler) == Answer(Outcome.SUCCEEDED, {"ref": 1})


def test_a_refusal_keeps_the_participants_words() -> None:
    answer = send(answering(422, '{"error": "card over its limit", "code": "card_limit"}'))
    assert answer.error == {"message": "card over its limit", "code": "card_limit", "status": 422}


@pytest.mark.parametrize(("direction", "for_ever"), [("action", False), ("compensation", True)])
def test_410_is_for_ever_on_a_compensation_only(direction: str, for_ever: bool) -> None:
    answer = send(answering(410), direction=direction)
    assert (answer.outcome, answer.for_ever) == (Outcome.REFUSED, for_ever)


@pytest.mark.parametrize(
    ("value", "wait"), [("7", timedelta(seconds=7)), ("soon", None), ("-1", None), ("9" * 40, None), ("", None)]
)
def test_retry_after_is_read_or_left_out(value: str, wait: timedelta | None) -> None:
    assert send(answering(503, "", **{"Retry-After": value})).retry_after == wait


def test_no_answer_in_time_is_in_doubt() -> None:
    async def handler(_request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError("never")

    assert send(handler, timeout=0.1).outcome is Outcome.IN_DOUBT


def test_a_connection_that_is_cut_after_sending_is_in_doubt() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    assert send(handler).outcome is Outcome.IN_DOUBT


def _transport_to(base_url: str, allowed: list[str]) -> HttpTransport:
    return HttpTransport(AllowList(allowed), lambda _name: HttpParticipant(base_url, "", ""), "http://console.test")


@pytest.mark.parametrize(
    ("base_url", "allowed"),
    [
        pytest.param("http://127.0.0.1:{closed}", ["127.0.0.1"], id="nobody listens"),
        pytest.param("http://localhost:{closed}", ["127.0.0.0/8"], id="a name that is not on the list"),
        pytest.param("http://127.0.0.1:{closed}", ["10.0.0.0/8"], id="an address outside of the networks"),
        pytest.param("http://[::1]:{closed}", ["127.0.0.1"], id="an IPv6 address that is not on the list"),
    ],
)
def test_what_could_not_be_reached_was_not_sent(base_url: str, allowed: list[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = base_url.format(closed=taken.getsockname()[1])

        async def go() -> Answer:
            transport = _transport_to(address, allowed)
            try:
                return await transport.send(command())
            finally:
                await transport.close()

        assert asyncio.run(go()).outcome is Outcome.NOT_SENT


def test_the_request_carries_what_the_protocol_says() -> None:
    seen: dict[str, Any] = {}

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.update(headers=request.headers.copy(), body=await request.json())
        return web.Response()

    sent = command()
    asyncio.run(_send(sent, handler))
    assert seen["headers"]["Idempotency-Key"] == f"{sent.saga_id}:one:action"
    assert seen["headers"]["Saga-Epoch"] == "7"
    assert seen["headers"]["traceparent"].startswith(f"00-{sent.saga_id.hex}-")
    assert seen["body"] == {
        "saga_id": str(sent.saga_id), "saga": "story", "business_key": "o-1", "step": "one", "direction": "action",
        "attempt": 1, "input": {"a": 1}, "output": None,
    }  # fmt: skip


async def _send(sent: Command, handler: Handler) -> Answer:
    async with participant(handler) as transport:
        return await transport.send(sent)


async def _no_fault(_command: Command) -> None:
    return None


def _status(body: str, code: int = 200) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        assert request.query["key"].endswith(":one:action")
        return web.Response(status=code, text=body)

    return handler


@pytest.mark.parametrize(
    ("body", "code", "outcome"),
    [
        pytest.param('{"state": "done", "output": {"ref": 5}}', 200, Outcome.SUCCEEDED, id="done"),
        pytest.param('{"state": "refused"}', 200, Outcome.REFUSED, id="refused"),
        pytest.param('{"state": "in_progress"}', 200, Outcome.IN_PROGRESS, id="in progress"),
        pytest.param('{"state": "compensated"}', 200, Outcome.UNDONE, id="compensated"),
        pytest.param('{"state": "absent"}', 200, Outcome.IN_DOUBT, id="absent: still in doubt, to be sent again"),
        pytest.param('{"state": "dunno"}', 200, Outcome.IN_DOUBT, id="a state we do not know"),
        pytest.param('{"state": ["done"]}', 200, Outcome.IN_DOUBT, id="a state that is no text"),
        pytest.param("[]", 200, Outcome.IN_DOUBT, id="no object"),
        pytest.param("nonsense", 200, Outcome.IN_DOUBT, id="not JSON"),
        pytest.param('{"state": "done"}', 500, Outcome.IN_DOUBT, id="an error of the status endpoint"),
    ],
)
def test_in_doubt_the_status_endpoint_is_asked(body: str, code: int, outcome: Outcome) -> None:
    async def go() -> Answer:
        async with participant(answering(500), _status(body, code)) as transport:
            return await call(command(), transport, _no_fault)

    assert asyncio.run(go()).outcome is outcome


def test_a_try_after_one_in_doubt_asks_before_it_sends() -> None:
    sent = []

    async def handler(_request: web.Request) -> web.StreamResponse:
        sent.append(1)
        return web.Response()

    async def go(state: str) -> Answer:
        async with participant(handler, _status(f'{{"state": "{state}"}}')) as transport:
            return await call(command(ask_first=True), transport, _no_fault)

    assert asyncio.run(go("done")).outcome is Outcome.SUCCEEDED
    assert sent == []
    assert asyncio.run(go("absent")).outcome is Outcome.SUCCEEDED
    assert sent == [1]
