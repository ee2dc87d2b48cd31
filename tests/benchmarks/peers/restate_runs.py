"""Runs of Restate: its server with its own durable log, two service processes, and clients that wait for each end."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator

import aiohttp

from sagaconsole.embedded.ports import HOST, free_port
from tests.benchmarks.bed import Bed, BenchmarkFailed
from tests.benchmarks.catalogue import WORKERS
from tests.benchmarks.content import SAGA_INPUT
from tests.benchmarks.costs import Meter
from tests.benchmarks.peers import installing
from tests.benchmarks.results import Run, latencies

PATIENCE_SECONDS = 60.0
SILENCE_SECONDS = 0.05
LOOK_SECONDS = 0.1
WARM_UP = 200
IN_FLIGHT = 64
FEEDING_SECONDS = 3.0
CALL, SEND = "run", "run/send"
_ENDLESS = 2**31 - 1
_HYPERCORN = f"""
workers = {WORKERS}
h2_max_concurrent_streams = {_ENDLESS}
keep_alive_max_requests = {_ENDLESS}
keep_alive_timeout = {_ENDLESS}
"""


class Restate:
    """Raises LeftOut when it cannot be installed."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed
        self._python = installing.python()
        self._server = installing.restate_server()
        self._ingress, self._admin, self._node, self._service = (free_port() for _number in range(4))

    @contextlib.contextmanager
    def up(self) -> Iterator[None]:
        """Raises BenchmarkFailed when it does not start."""
        base = self._bed.directory / "restate"
        options = self._bed.directory / "hypercorn.toml"
        options.write_text(f'bind = "{HOST}:{self._service}"\n{_HYPERCORN}')
        server = (self._server, "--no-logo", "--base-dir", str(base))
        service = (
            self._python, "-m", "hypercorn", "--config", str(options), "tests.benchmarks.peers.restate_service:app",
        )  # fmt: skip
        commands = [("restate-server", *server), ("restate-service", *service)]
        with self._bed.running(commands, environment=self._environment()) as [_server, self._handlers]:
            asyncio.run(self._get_ready())
            yield

    def at(self, in_flight: int, count: int) -> Run:
        """`in_flight` clients, each of which waits for the end of its saga before the next."""
        meter = Meter(self._bed)
        seconds = asyncio.run(self._load(in_flight, count))
        return Run(count, count / seconds, meter.read())

    def preloaded(self, count: int) -> Run:
        """All are accepted while its service stands still; measured from when that goes on to when none is open."""
        os.killpg(self._handlers.pid, signal.SIGSTOP)
        try:
            asyncio.run(self._load(IN_FLIGHT, count, SEND))
            meter = Meter(self._bed)
        finally:
            os.killpg(self._handlers.pid, signal.SIGCONT)
        began = time.perf_counter()
        asyncio.run(self._until_none_is_open())
        return Run(count, count / (time.perf_counter() - began), meter.read())

    def fed(self, clients: int) -> Run:
        """Clients send one saga per request, as fast as each can, and wait for no end."""
        meter = Meter(self._bed)
        began = time.perf_counter()
        sent = asyncio.run(self._feed(clients))
        asyncio.run(self._until_none_is_open())
        return Run(sent, sent / (time.perf_counter() - began), meter.read())

    def idle(self, count: int) -> Run:
        """One at a time, from before the request to its answer."""
        return latencies(asyncio.run(self._one_by_one(count)))

    def _environment(self) -> dict[str, str]:
        """Everything else is the default: its log waits for the disk, as PostgreSQL's does."""
        return {
            "RESTATE_DISABLE_TELEMETRY": "true", "RESTATE_LISTEN_MODE": "tcp", "RESTATE_BIND_IP": HOST,
            "RESTATE_BIND_PORT": str(self._node), "RESTATE_INGRESS__BIND_PORT": str(self._ingress),
            "RESTATE_ADMIN__BIND_PORT": str(self._admin), "RESTATE_LOG_FILTER": "warn", "DO_NOT_TRACK": "1",
        }  # fmt: skip

    async def _get_ready(self) -> None:
        """Register the service as soon as the server listens, and warm both up."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        async with self._client() as client:
            while not await self._is_registered(client):
                if time.monotonic() > deadline:
                    raise BenchmarkFailed(f"Restate did not start in {PATIENCE_SECONDS:g} s")
                await asyncio.sleep(LOOK_SECONDS)
            while not await self._one(client):
                if time.monotonic() > deadline:
                    raise BenchmarkFailed("Restate's service does not answer")
                await asyncio.sleep(LOOK_SECONDS)
        await self._load(16, WARM_UP)

    async def _is_registered(self, client: aiohttp.ClientSession) -> bool:
        document = {"uri": f"http://{HOST}:{self._service}"}
        try:
            async with client.post(f"http://{HOST}:{self._admin}/deployments", json=document) as response:
                return response.status < 300
        except aiohttp.ClientError:
            return False

    async def _load(self, in_flight: int, count: int, how: str = CALL) -> float:
        """Seconds for all of them."""
        numbers = iter(range(count))

        async def one_client(client: aiohttp.ClientSession) -> None:
            for _number in numbers:
                if not await self._one(client, how):
                    raise BenchmarkFailed("Restate refused a saga")

        async with self._client() as client:
            began = time.perf_counter()
            await asyncio.gather(*(one_client(client) for _number in range(in_flight)))
            return time.perf_counter() - began

    async def _feed(self, clients: int) -> int:
        """How many were sent."""
        end_at = time.monotonic() + FEEDING_SECONDS

        async def one_client(client: aiohttp.ClientSession) -> int:
            sent = 0
            while time.monotonic() < end_at:
                sent += await self._one(client, SEND)
            return sent

        async with self._client() as client:
            return sum(await asyncio.gather(*(one_client(client) for _number in range(clients))))

    async def _until_none_is_open(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        async with self._client() as client:
            while await self._open(client):
                if time.monotonic() > deadline:
                    raise BenchmarkFailed("Restate did not end all")
                await asyncio.sleep(LOOK_SECONDS)

    async def _open(self, client: aiohttp.ClientSession) -> int:
        asked = {"query": "SELECT count(*) AS n FROM sys_invocation_status WHERE status <> 'completed'"}
        headers = {"accept": "application/json"}
        async with client.post(f"http://{HOST}:{self._admin}/query", json=asked, headers=headers) as response:
            return int((await response.json())["rows"][0]["n"])

    async def _one_by_one(self, count: int) -> list[float]:
        times = []
        async with self._client() as client:
            for _number in range(count):
                await asyncio.sleep(SILENCE_SECONDS)
                asked = time.perf_counter()
                await self._one(client)
                times.append((time.perf_counter() - asked) * 1000)
        return times

    async def _one(self, client: aiohttp.ClientSession, how: str = CALL) -> bool:
        async with client.post(f"http://{HOST}:{self._ingress}/saga/{how}", json=SAGA_INPUT) as response:
            await response.read()
            return response.status < 300

    @contextlib.asynccontextmanager
    async def _client(self) -> AsyncIterator[aiohttp.ClientSession]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
            yield client
