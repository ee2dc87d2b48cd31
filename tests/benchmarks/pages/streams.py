"""Many browsers on server-sent events: real connections, real acts, and when each browser is told.

A browser here is a logged-in session's connection that holds `/live/` open and reads it. An act is an operator's, done
in another process as the API would do it; the time runs from before its transaction begins until the event is read.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from statistics import quantiles

from tests.benchmarks.bed import BenchmarkFailed
from tests.benchmarks.pages.client import Visitor
from tests.benchmarks.pages.figures import StreamFigures

EVENT = b"event: changed"
OPEN_AT_ONCE = 20
PATIENCE_SECONDS = 30.0


@dataclass
class _Browser:
    """One open stream. `told_at`: when it last read that something changed."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    told: asyncio.Event = field(default_factory=asyncio.Event)
    told_at: float = 0.0

    async def listen(self) -> None:
        while line := await self.reader.readline():
            if line.startswith(EVENT):
                self.told_at = time.perf_counter()
                self.told.set()
        raise BenchmarkFailed("a stream ended while it was measured")


@dataclass(frozen=True, slots=True)
class Probes:
    """What is asked about the web process meanwhile."""

    megabytes: Callable[[], float]
    connections: Callable[[], int]
    page: Callable[[], float]


def measure(visitor: Visitor, *, browsers: int, acts: list[Callable[[], None]], probes: Probes) -> StreamFigures:
    """`acts`: each changes a saga. Raises BenchmarkFailed when a stream is refused, ends, or is not told."""
    with ThreadPoolExecutor(1) as operator:  # one thread, and so one connection to the database that is not the web's
        return asyncio.run(_measure(visitor, browsers, acts, probes, operator))


async def _measure(
    visitor: Visitor, number: int, acts: list[Callable[[], None]], probes: Probes, operator: Executor
) -> StreamFigures:
    in_thread = partial(asyncio.get_running_loop().run_in_executor, operator)
    before = probes.megabytes()
    gate = asyncio.Semaphore(OPEN_AT_ONCE)
    browsers = await asyncio.gather(*(_opened(visitor, gate) for _ in range(number)))
    listening = [asyncio.create_task(browser.listen()) for browser in browsers]
    try:
        await _all_told(browsers, listening)  # the first message comes with the opening
        taken = [taken for act in acts for taken in await _one_change(browsers, listening, partial(in_thread, act))]
        page, connections = await in_thread(probes.page), await in_thread(probes.connections)
        megabytes = probes.megabytes()
    finally:
        for task, browser in zip(listening, browsers, strict=True):
            task.cancel()
            browser.writer.close()
        await asyncio.gather(*listening, return_exceptions=True)
    cuts = quantiles(taken, n=100, method="inclusive")
    return StreamFigures(number, len(acts), cuts[49], cuts[94], max(taken), connections, before, megabytes, page)


async def _opened(visitor: Visitor, gate: asyncio.Semaphore) -> _Browser:
    async with gate:
        reader, writer = await asyncio.open_connection("127.0.0.1", visitor.port)
        headers = visitor.request_headers() | {"Host": f"127.0.0.1:{visitor.port}", "Accept": "text/event-stream"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"GET /live/ HTTP/1.1\r\n{lines}\r\n".encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_SECONDS)
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise BenchmarkFailed(f"a stream was refused: {head[:200]!r}")
        return _Browser(reader, writer)


async def _one_change(
    browsers: list[_Browser], listening: list[asyncio.Task[None]], act: Callable[[], Awaitable[None]]
) -> list[float]:
    """Milliseconds until each browser was told."""
    for browser in browsers:
        browser.told.clear()
    began = time.perf_counter()
    await act()
    await _all_told(browsers, listening)
    return [1000 * (browser.told_at - began) for browser in browsers]


async def _all_told(browsers: list[_Browser], listening: list[asyncio.Task[None]]) -> None:
    """Until each was told. Raises BenchmarkFailed when that takes too long or a stream ends."""
    told = asyncio.ensure_future(_each_told(browsers))
    await asyncio.wait([told, *listening], return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE_SECONDS)
    if not told.done():
        told.cancel()
        missing = sum(not browser.told.is_set() for browser in browsers)
        ended = sum(task.done() for task in listening)
        raise BenchmarkFailed(f"of {len(browsers)} browsers {missing} were not told, and {ended} streams have ended")


async def _each_told(browsers: list[_Browser]) -> None:
    for browser in browsers:
        await browser.told.wait()
