"""`python -m tests.benchmarks.feeder SECONDS`: one client that launches sagas, each in a transaction of its own."""

import sys
import time

import django
from django.db import connection

GATE = 7_283_001  # the advisory lock that holds all clients back until they start together


def main(seconds: float) -> None:
    django.setup()
    from orchestration.launch import launch  # noqa: PLC0415  needs the apps
    from tests.benchmarks.content import NOTHING, SAGA_INPUT  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s)", [GATE])
    end_at = time.monotonic() + seconds
    while time.monotonic() < end_at:
        launch(definition=NOTHING, saga_input=SAGA_INPUT, trigger="command", launched_by="bench")


if __name__ == "__main__":
    main(float(sys.argv[1]))
