"""Run by a test in a process of its own: a confirmation that comes after another process has handled its call."""

import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "participants_demo.service_settings"
django.setup()

from participants_demo.confirm import NoLongerPending, confirm  # noqa: E402 - models can be imported only after the set-up
from participants_demo.protocol import Call  # noqa: E402
from participants_demo.shipping.service import SERVICE  # noqa: E402

call = Call(saga_id=sys.argv[1], step="step-1", direction="action", epoch=1, input={"region": "island"})
try:
    confirm(call, SERVICE.confirmations["confirm"])
except NoLongerPending:
    sys.stdout.write("no longer pending")
