"""Run by a test in a process of its own: work that changes a row and refuses only then."""

import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "participants_demo.service_settings"
django.setup()

from participants_demo import barrier  # noqa: E402 - models can be imported only after the set-up
from participants_demo.inventory.models import Shelf  # noqa: E402
from participants_demo.protocol import Call, RefusedError  # noqa: E402


def work() -> str:
    Shelf.objects.filter(sku="SKU-5").update(available=0)
    raise RefusedError("second thoughts")


try:
    barrier.once(Call(saga_id=sys.argv[1], step="step-1", direction="action", epoch=1, input=None), work)
except RefusedError as refusal:
    sys.stdout.write(str(refusal))
