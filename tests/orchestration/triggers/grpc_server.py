"""A gRPC server in a process of its own, on the test database, and clients of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from sagaconsole.embedded.ports import free_port
from sagaconsole_proto.v1 import sagas_pb2 as pb
from sagaconsole_proto.v1 import sagas_pb2_grpc
from tests.orchestration.real_processes import Processes, wait_for

PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Server:
    address: str
    pid: int

    @contextmanager
    def channel(self) -> Iterator[grpc.Channel]:
        with grpc.insecure_channel(self.address, options=[("grpc.enable_http_proxy", 0)]) as channel:
            yield channel

    def call(self, method: str, request: Any, token: str | None, seconds: float = PATIENCE_SECONDS) -> Any:
        """One call of Sagas with a token. Raises grpc.RpcError."""
        metadata = () if token is None else (("authorization", f"Bearer {token}"),)
        with self.channel() as channel:
            stub = sagas_pb2_grpc.SagasStub(channel)
            return getattr(stub, method)(request, metadata=metadata, timeout=seconds)


@contextmanager
def grpc_server(logs: Path, **environment: str) -> Iterator[Server]:
    processes = Processes(logs)
    address = f"127.0.0.1:{free_port()}"
    try:
        process = processes.start("grpc", SAGA_GRPC_ADDRESS=address, **environment)
        log = next(logs.glob("grpc-*.log"))
        wait_for("the gRPC server", lambda: f"gRPC: {address}" in log.read_text() or process.poll())
        assert process.poll() is None, log.read_text()
        yield Server(address, process.pid)
    finally:
        processes.stop_all()


def details(error: grpc.RpcError) -> dict[str, Any]:
    """The rich status of an error: details by type."""
    status = rpc_status.from_call(error)
    assert status is not None
    found: dict[str, Any] = {}
    for packed in status.details:
        name = packed.type_url.rpartition(".")[2]
        kind = getattr(error_details_pb2, name, None)
        if kind is not None:
            message = kind()
            packed.Unpack(message)
            found[name] = message
        else:
            found[name] = packed
    return found


def wanted(**more: Any) -> pb.LaunchRequest:
    return pb.LaunchRequest(definition="story", **{"input_json": '{"n": 1}', **more})


def refused(server: Server, method: str, request: Any, token: str | None) -> tuple[grpc.StatusCode, dict[str, Any]]:
    with pytest.raises(grpc.RpcError) as caught:
        server.call(method, request, token)
    return caught.value.code(), details(caught.value)
