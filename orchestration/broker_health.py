"""What the consumer says of itself in the database, for /readyz and the console."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models.functions import Now

from orchestration.models import EngineState

BEAT_SECONDS = 2.0
STALE_AFTER = timedelta(seconds=10)
ALIVE, BROKER = "consumer", "consumer:broker"
BEAT = """
INSERT INTO orchestration_enginestate (name, value, at) VALUES (%s, %s, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = clock_timestamp()
"""
# `at` is the time of the last change, not of the last beat.
CHANGED = """
INSERT INTO orchestration_enginestate AS state (name, value, at) VALUES (%s, %s, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = clock_timestamp() WHERE state.value <> excluded.value
"""


class Heard(NamedTuple):
    """`since`: since when the broker is there, or away; None: no consumer has ever said so."""

    is_alive: bool
    has_broker: bool
    since: datetime | None

    @property
    def is_well(self) -> bool:
        return self.is_alive and self.has_broker


def beat(*, has_broker: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(BEAT, [ALIVE, int(has_broker)])
        cursor.execute(CHANGED, [BROKER, int(has_broker)])


def heard() -> Heard:
    """What the consumers have said last."""
    alive = EngineState.objects.filter(name=ALIVE, at__gt=Now() - STALE_AFTER).exists()
    broker = EngineState.objects.filter(name=BROKER).first()
    return Heard(alive, broker is not None and broker.value == 1, broker.at if broker else None)
