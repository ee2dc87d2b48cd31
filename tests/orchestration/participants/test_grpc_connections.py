"""Connections to gRPC participants: refused, broken, shared, with TLS; and none before a worker's fork."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
from google.protobuf.message import Message

from orchestration.participants.grpc import GrpcTransport
from orchestration.participants.hosts import AllowList
from orchestration.participants.http import HttpParticipant
from orchestration.participants.messages import Answer, Outcome
from sagaconsole.embedded.ports import free_port
from tests.orchestration.participants.grpc_participant import DONE, answering, participant
from tests.orchestration.participants.test_http import command


def unreachable(base_url: str, allowed: str = "127.0.0.1", **more: Any) -> Answer:
    async def go() -> Answer:
        known = HttpParticipant(base_url, "", "")
        transport = GrpcTransport(AllowList([allowed]), lambda _name: known, "http://console.test")
        try:
            return await transport.send(command(**more))
        finally:
            await transport.close()

    return asyncio.run(go())


def test_a_refused_connection_is_not_sent_and_says_why() -> None:
    answer = unreachable(f"grpc://127.0.0.1:{free_port()}")
    assert answer.outcome is Outcome.NOT_SENT
    assert answer.error is not None
    assert "onnection refused" in answer.error["message"]


def test_a_host_that_is_not_allowed_is_not_called() -> None:
    answer = unreachable("grpc://127.0.0.1:1", allowed="10.0.0.0/8")
    assert (answer.outcome, answer.error) == (
        Outcome.NOT_SENT, {"message": "127.0.0.1 is not an allowed host", "code": "host"},
    )  # fmt: skip


def test_a_connection_that_breaks_after_the_request_leaves_doubt() -> None:
    """Through a proxy that cuts both ends when the request has arrived."""
    ends: list[asyncio.StreamWriter] = []

    async def handler(_raw: bytes, _context: Any) -> None:
        for end in ends:
            end.transport.abort()
        await asyncio.Event().wait()

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)

    async def go() -> Answer:
        async with participant(handler) as transport:
            real = transport._participant("")
            port = urlsplit(real.base_url).port

            async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                there, back = await asyncio.open_connection("127.0.0.1", port)
                ends.extend([writer, back])
                await asyncio.gather(pipe(reader, back), pipe(there, writer), return_exceptions=True)

            async with await asyncio.start_server(forward, "127.0.0.1", 0) as proxy:
                real.base_url = f"grpc://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
                return await transport.send(command(timeout=10))

    answer = asyncio.run(go())
    assert (answer.outcome, answer.error and answer.error["status"]) == (Outcome.IN_DOUBT, "UNAVAILABLE")


def test_calls_share_one_connection() -> None:
    peers: set[str] = set()

    async def handler(_raw: bytes, context: Any) -> Message:
        peers.add(context.peer())
        return DONE

    async def go() -> None:
        async with participant(handler) as transport:
            await asyncio.gather(*(transport.send(command()) for _number in range(20)))

    asyncio.run(go())
    assert len(peers) == 1


def test_grpcs_trusts_the_authority_of_the_settings_and_nobody_else(tmp_path: Path, settings: Any) -> None:
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
            "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]  # fmt: skip
    subprocess.run(make, cwd=tmp_path, check=True, capture_output=True)

    async def go() -> Answer:
        server = grpc.aio.server()
        pair = ((tmp_path / "key.pem").read_bytes(), (tmp_path / "cert.pem").read_bytes())
        handler = grpc.unary_unary_rpc_method_handler(
            answering(DONE), response_serializer=lambda said: said.SerializeToString()
        )
        services = grpc.method_handlers_generic_handler("sagaconsole.v1.Participant", {"Execute": handler})
        server.add_generic_rpc_handlers((services,))
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
        await server.start()
        known = HttpParticipant(f"grpcs://localhost:{port}", "", "")
        transport = GrpcTransport(AllowList(["localhost"]), lambda _name: known, "http://console.test")
        try:
            return await transport.send(command())
        finally:
            await transport.close()
            await server.stop(0)

    assert asyncio.run(go()).outcome is Outcome.NOT_SENT
    settings.SAGA_PARTICIPANT_CA = str(tmp_path / "cert.pem")
    assert asyncio.run(go()).outcome is Outcome.SUCCEEDED


def test_a_worker_has_not_even_loaded_grpc_before_it_forks() -> None:
    program = (
        "import django, sys; django.setup(); import orchestration.jobs, orchestration.management.commands.work; "
        "sys.exit(any(name.split('.')[0] in ('grpc', 'aio_pika') for name in sys.modules))"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "sagaconsole.settings"}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0
