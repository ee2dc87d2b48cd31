"""Participant functions for workers in other processes. What they did is told by files in REMOTE_DIRECTORY."""

import asyncio
import os
import signal
from pathlib import Path

from orchestration.participants.function import Refusal, participant_function
from orchestration.participants.messages import Command


def note(command: Command, what: str) -> None:
    """One line per call: survives the death of the process that wrote it."""
    path = Path(os.environ["REMOTE_DIRECTORY"]) / "calls"
    with path.open("a") as file:
        file.write(f"{what} {command.key} {command.attempt} {command.epoch} {os.getpid()}\n")


@participant_function("remote-quick")
async def quick(command: Command) -> dict[str, int]:
    note(command, "quick")
    return {"attempt": command.attempt}


@participant_function("remote-refuses")
async def refuses(command: Command) -> None:
    note(command, "refuses")
    raise Refusal("no")


@participant_function("remote-slow-once")
async def slow_once(command: Command) -> dict[str, int]:
    """The first try takes for ever, the second answers at once."""
    return await _slow(command, tries=1)


@participant_function("remote-slow-twice")
async def slow_twice(command: Command) -> dict[str, int]:
    """The first two tries take for ever."""
    return await _slow(command, tries=2)


async def _slow(command: Command, *, tries: int) -> dict[str, int]:
    note(command, "slow")
    if command.attempt <= tries:
        await asyncio.Event().wait()
    return {"attempt": command.attempt}


@participant_function("remote-fails")
async def fails(command: Command) -> None:
    note(command, "fails")
    raise RuntimeError("what went wrong\ntakes two lines")


@participant_function("remote-poison")
async def poison(command: Command) -> None:
    """Kills its worker each time."""
    note(command, "poison")
    os.kill(os.getpid(), signal.SIGKILL)
