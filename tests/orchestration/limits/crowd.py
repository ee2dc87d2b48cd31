"""Many scripted calls at once, and how many of them are out."""

import asyncio
from typing import Any

from django.db import connection

from orchestration.models import Flow, Participant, Saga
from orchestration.participants.messages import Command
from tests.orchestration.scripted import (
    World,
    drain_until,
)


class Crowd:
    """How many scripted calls are out at once. Each gives others the time to come."""

    def __init__(self, engine: World) -> None:
        self.out = self.most = 0
        self._engine = engine

    def expect(self, step: str, number: int) -> None:
        self._engine.will(step, *[self.call] * number)

    async def call(self, _command: Command) -> dict[str, Any]:
        self.out += 1
        self.most = max(self.most, self.out)
        for _turn in range(20):
            await asyncio.sleep(0)
        self.out -= 1
        return {}


def run_to_the_end() -> None:
    drain_until(lambda: not Saga.objects.live().exists())


def limit(number: int, name: str = "scripted") -> None:
    Participant.objects.filter(name=name).update(max_in_flight=number)


def granted() -> dict[str, int]:
    return dict(Flow.objects.values_list("participant", "granted"))


def closing(look: Any) -> Any:
    try:
        return look()
    finally:
        connection.close()
