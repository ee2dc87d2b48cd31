"""`manage.py grpc`: the gRPC way in."""

from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from orchestration.reachable import check_servers


class Command(BaseCommand):
    help = "Serve sagaconsole.v1.Sagas over gRPC at SAGA_GRPC_ADDRESS, until Ctrl-C or SIGTERM."

    def handle(self, *_args: Any, **_options: Any) -> None:
        from orchestration.triggers.grpc_api.server import CannotListen, serve  # noqa: PLC0415  only here is gRPC needed

        check_servers()
        address, _colon, _port = settings.SAGA_GRPC_ADDRESS.rpartition(":")
        serving = serve(
            address=settings.SAGA_GRPC_ADDRESS, certificate=settings.SAGA_GRPC_CERTIFICATE, key=settings.SAGA_GRPC_KEY,
            on_ready=lambda port: print(f"gRPC: {address}:{port}", flush=True),
        )  # fmt: skip
        try:
            uvloop.run(serving)
        except (CannotListen, OSError) as error:
            raise CommandError(str(error)) from error
