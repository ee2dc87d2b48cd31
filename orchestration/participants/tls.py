"""TLS towards participants and brokers: whom we trust beside the system's authorities, and who we are."""

import ssl
from pathlib import Path
from typing import Any

from django.conf import settings


def ssl_context() -> ssl.SSLContext | None:
    """For HTTP and AMQP. None: what the client does by itself, which trusts the system's authorities, will do.

    To make a context costs 20 ms, and each drain would make one.
    """
    if not (settings.SAGA_PARTICIPANT_CA or settings.SAGA_PARTICIPANT_CERTIFICATE):
        return None
    context = ssl.create_default_context()
    if settings.SAGA_PARTICIPANT_CA:
        context.load_verify_locations(settings.SAGA_PARTICIPANT_CA)
    if settings.SAGA_PARTICIPANT_CERTIFICATE:
        context.load_cert_chain(settings.SAGA_PARTICIPANT_CERTIFICATE, settings.SAGA_PARTICIPANT_KEY)
    return context


def grpc_credentials() -> Any:
    """The same for gRPC, which brings its own list of authorities and takes another one only instead of it.

    Call it inside the loop that calls: nothing of gRPC may begin before a fork.
    """
    import grpc  # noqa: PLC0415  loaded by whoever calls over gRPC, and by nobody else

    def content(path: str) -> bytes | None:
        return Path(path).read_bytes() if path else None

    return grpc.ssl_channel_credentials(
        content(settings.SAGA_PARTICIPANT_CA), content(settings.SAGA_PARTICIPANT_KEY),
        content(settings.SAGA_PARTICIPANT_CERTIFICATE),
    )  # fmt: skip
