"""Participants that follow a script, and a drain run in this process until nothing is left to do."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import uvloop
from django.contrib.auth.models import User
from django.db import connections
from django.db.models import Q
from django.db.models.functions import Now

from orchestration.audit import Actor
from orchestration.definitions import publish_definition
from orchestration.drain.loop import Drain, Summary
from orchestration.launch import launch
from orchestration.models import Participant, Saga, Step
from orchestration.operator_actions import perform
from orchestration.participants.function import Refusal, participant_function
from orchestration.participants.messages import Command

FAST = {"max_attempts": 3, "initial": 0.01, "factor": 1, "max": 0.01}


@dataclass
class World:
    """What the scripted participants saw. `script[step, direction]` holds what the next calls do."""

    calls: list[str] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    script: defaultdict[tuple[str, str], deque[Any]] = field(default_factory=lambda: defaultdict(deque))

    def will(self, step: str, *answers: Any, direction: str = "action") -> None:
        """The next calls of `step`: an exception to raise, a function of the command, or an output."""
        self.script[step, direction] += answers

    async def answer(self, command: Command) -> Any:
        sign = "-" if command.direction == "compensation" else ""
        self.calls.append(sign + command.step)
        self.commands.append(command)
        waiting = self.script[command.step, command.direction]
        answer = waiting.popleft() if waiting else {"did": command.step}
        if isinstance(answer, Exception):
            raise answer
        return await answer(command) if callable(answer) else answer


WORLD = World()


@participant_function("scripted")
async def scripted(command: Command) -> Any:
    return await WORLD.answer(command)


def no(message: str = "no") -> Refusal:
    return Refusal(message, "no")


def define(*steps: str | dict[str, Any], **more: Any) -> str:
    """Publish a definition of scripted steps (names, or dicts with a name) and return its name."""
    Participant.objects.get_or_create(name="scripted", defaults={"transport": "function"})
    document = {"name": "story", "steps": [_body(step) for step in steps], **more}
    publish_definition(document=document, actor=admin())
    return str(document["name"])


def _body(step: str | dict[str, Any]) -> dict[str, Any]:
    """A step as the document has it; a field that is None is left out."""
    given = {"name": step} if isinstance(step, str) else step
    if "parallel" in given:
        return {"parallel": [_body(one) for one in given["parallel"]]}
    if {"approval", "wait", "saga"} & given.keys():
        return given
    common = {"participant": "scripted", "action": "scripted", "compensation": "scripted", "timeout": 5,
              "retry": FAST, "compensation_retry": FAST}  # fmt: skip
    return {key: value for key, value in {**common, **given}.items() if value is not None}


def admin() -> Actor:
    user, _created = User.objects.get_or_create(username="admin", defaults={"is_superuser": True})
    return Actor(user, "test")


def start(name: str = "story", **saga_input: Any) -> Saga:
    return launch(definition=name, saga_input=saga_input, trigger="test", launched_by="test").saga


def drain(*, slice_seconds: float = 0.05, stop: Callable[[], bool] = lambda: False, max_calls: int = 1000) -> Drain:
    return Drain(slice_seconds=slice_seconds, max_calls=max_calls, stop_requested=stop)


def run(one: Drain) -> Summary:
    return uvloop.run(one.run())


def run_until_quiet(rounds: int = 40) -> None:
    """Drain until no saga is due now or in the next half minute. Who waits for a sub-saga looks at it now and then."""
    soon = Q(due_at__lt=Now() + timedelta(seconds=30), parked_on=None)
    for _round in range(rounds):
        run(drain())
        looking = Step.objects.filter(child_saga_id__in=Saga.objects.live().values("pk")).values("saga_id")
        if not Saga.objects.live().filter(soon).exclude(pk__in=looking).exists():
            return
    raise AssertionError(f"still due: {list(Saga.objects.live().filter(soon).values('id', 'status', 'due_at'))}")


def drain_until(condition: Callable[[], Any], rounds: int = 100) -> None:
    """Drains, one after the other, until `condition` gives something true: also while sagas are parked."""
    for _round in range(rounds):
        run(drain())
        if condition():
            return
    raise AssertionError(f"in vain: {list(Saga.objects.values('id', 'status', 'parked_on', 'due_at'))}")


def steps_of(saga: Saga) -> dict[str, str]:
    return {step.name: step.status for step in saga.steps.all()}


def outcomes(saga: Saga, direction: str = "action") -> list[tuple[int, str]]:
    """(number, outcome) of the attempts of a one-step story, in order."""
    rows = saga.attempts.filter(direction=direction).order_by("position", "number")
    return [(row.number, row.outcome) for row in rows]


async def never(_command: Command) -> None:
    await asyncio.Event().wait()


async def NOTHING(_command: Command) -> None:  # noqa: N802  reads as a value in the scripts
    """The call ends without an answer: nobody knows what came of it."""
    raise RuntimeError("nobody knows")


def act(name: str, saga: Saga, **more: object) -> Saga:
    return perform(name, saga_id=saga.pk, actor=admin(), reason="because", **more)  # type: ignore[arg-type]


def act_elsewhere(name: str, saga: Saga) -> Saga:
    """From another thread, as the web process would while the drain is busy."""
    try:
        return act(name, saga)
    finally:
        connections.close_all()


def again(saga: Saga) -> Saga:
    saga.refresh_from_db()
    return saga
