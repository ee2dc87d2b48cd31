"""A proxy between one of our processes and a server that tests share: with TLS if need be, and it can be cut."""

import asyncio
import ssl
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self


class Proxy:
    """Forwards connections to a port of this machine, from `port`, until it is cut or closed."""

    def __init__(self, to_port: int, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self._to_port, self._tls, self._host, self.port = to_port, tls, host, 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._ends: set[asyncio.StreamWriter] = set()
        self._forwarding: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Every connection breaks, and new ones are refused."""
        self._run(self._cut())

    def mend(self) -> None:
        self._run(self._listen())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._forward, self._host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _cut(self) -> None:
        """Returns when every socket is closed, also one that was only being opened."""
        self._server.close()
        while self._forwarding:
            for end in self._ends:
                end.transport.abort()
            await asyncio.wait(self._forwarding, timeout=0.1)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._forwarding.add(task)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._to_port)
            with self._open(writer), self._open(back):
                await asyncio.gather(_pipe(reader, back), _pipe(there, writer))
        finally:
            await asyncio.sleep(0)  # a transport that was aborted closes its socket in the loop's next turn
            self._forwarding.discard(task)

    @contextmanager
    def _open(self, end: asyncio.StreamWriter) -> Iterator[None]:
        self._ends.add(end)
        try:
            yield
        finally:
            self._ends.discard(end)
            end.transport.abort()


async def _pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Until one end is gone; then the other goes too."""
    try:
        while data := await source.read(65536):
            sink.write(data)
    except OSError:
        pass  # cut, or reset: what the test is about
    finally:
        sink.close()
