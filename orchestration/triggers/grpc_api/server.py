"""The gRPC server: the service, health that follows the database, reflection, and an end that lets calls finish."""

import asyncio
import logging
import signal
from collections.abc import Callable
from pathlib import Path

import grpc
from django.db import Error, connection
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from orchestration.triggers.grpc_api.service import Sagas
from orchestration.triggers.threads import DatabaseThreads, DeadlinePassed
from sagaconsole_proto.v1 import sagas_pb2, sagas_pb2_grpc

logger = logging.getLogger(__name__)
SERVICE = sagas_pb2.DESCRIPTOR.services_by_name["Sagas"].full_name
MAX_MESSAGE = 4 * 1024 * 1024
MOST_CALLS = 1000
# Who is gone without a word, or does nothing for long, is let go; one client opens so many calls at once.
PATIENCE = [
    ("grpc.keepalive_time_ms", 60_000), ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.max_connection_idle_ms", 600_000), ("grpc.max_concurrent_streams", 200),
]  # fmt: skip
GRACE_SECONDS = 3.0
LOOK_SECONDS = 2.0
_Serving = health_pb2.HealthCheckResponse.ServingStatus


class CannotListen(Exception):
    """The address cannot be listened at."""


async def serve(*, address: str, certificate: str, key: str, on_ready: Callable[[int], None]) -> None:
    """Answer at `address` (host:port; port 0 takes a free one) until SIGTERM or SIGINT.

    `certificate`, `key`: PEM files, or both empty. `on_ready` is told the port. Raises CannotListen and OSError.
    """
    threads, healthy = DatabaseThreads(), health.aio.HealthServicer()
    # Without the first option two servers would share a port, and each would get some of the calls.
    options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", MAX_MESSAGE), *PATIENCE]
    server = grpc.aio.server(options=options, maximum_concurrent_rpcs=MOST_CALLS)
    sagas_pb2_grpc.add_SagasServicer_to_server(Sagas(threads), server)
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    reflection.enable_server_reflection((SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    port = _listen(server, address, certificate, key)
    await _tell_health(threads, healthy)
    await server.start()
    on_ready(port)
    watching = asyncio.create_task(_watch_health(threads, healthy))
    await _told_to_stop()
    watching.cancel()
    await healthy.enter_graceful_shutdown()
    await server.stop(GRACE_SECONDS)
    threads.close()


def _listen(server: grpc.aio.Server, address: str, certificate: str, key: str) -> int:
    try:
        if not certificate:
            return int(server.add_insecure_port(address))
        pair = (Path(key).read_bytes(), Path(certificate).read_bytes())
        return int(server.add_secure_port(address, grpc.ssl_server_credentials([pair])))
    except RuntimeError as error:
        raise CannotListen(f"cannot listen at {address}: {str(error).splitlines()[0]}") from error


async def _told_to_stop() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


async def _watch_health(threads: DatabaseThreads, healthy: health.aio.HealthServicer) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        await _tell_health(threads, healthy)


async def _tell_health(threads: DatabaseThreads, healthy: health.aio.HealthServicer) -> None:
    try:
        await threads.run(_ask_database, seconds=LOOK_SECONDS)
        status = _Serving.SERVING
    except (Error, DeadlinePassed) as error:
        logger.warning("the database cannot be reached: %s", error)
        status = _Serving.NOT_SERVING
    for service in ("", SERVICE):
        await healthy.set(service, status)


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
