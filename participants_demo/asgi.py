"""The ASGI application of the participant that the environment names."""

from functools import partial
from importlib import import_module

import django

django.setup()

from participants_demo import clerk, views  # noqa: E402 - models can be imported only after the set-up
from participants_demo.service_settings import PARTICIPANT  # noqa: E402
from participants_demo.web import Application  # noqa: E402

SERVICE = import_module(f"participants_demo.{PARTICIPANT}.service").SERVICE
application = Application(
    views.routes_of(SERVICE),
    beside=partial(clerk.work_for_ever, SERVICE.confirmations) if SERVICE.confirmations else None,
)
