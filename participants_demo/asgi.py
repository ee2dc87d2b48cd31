"""The ASGI application of the participant that the environment names."""

from functools import partial
from importlib import import_module

import django

django.setup()

from participants_demo import clerk, views  # noqa: E402 - models can be imported only after the set-up
from participants_demo.service_settings import AMQP_URL, GRPC_ADDRESS, PARTICIPANT  # noqa: E402
from participants_demo.web import Application, Beside  # noqa: E402


def _beside() -> list[Beside]:
    """What runs beside HTTP: the work that nobody waits for, and the other ways to call this participant."""
    running: list[Beside] = []
    if SERVICE.confirmations:
        running.append(partial(clerk.work_for_ever, SERVICE.confirmations))
    if GRPC_ADDRESS:
        from participants_demo import rpc  # noqa: PLC0415  gRPC is loaded only by those who speak it

        running.append(partial(rpc.serve, SERVICE, GRPC_ADDRESS))
    if AMQP_URL:
        from participants_demo import amqp  # noqa: PLC0415  loaded only by those who speak it

        running.append(partial(amqp.serve, SERVICE))
    return running


SERVICE = import_module(f"participants_demo.{PARTICIPANT}.service").SERVICE
application = Application(views.routes_of(SERVICE), _beside())
