"""What the measured steps do. Workers learn these functions through SAGA_FUNCTION_MODULES."""

import asyncio
from typing import Any

from orchestration.participants.function import Refusal, participant_function
from orchestration.participants.messages import Command
from tests.benchmarks.catalogue import STEP_SECONDS


@participant_function("bench-nothing")
async def nothing(_command: Command) -> dict[str, Any]:
    return {"done": True}


@participant_function("bench-sleep")
async def sleep(_command: Command) -> dict[str, Any]:
    await asyncio.sleep(STEP_SECONDS)
    return {"done": True}


@participant_function("bench-refuse")
async def refuse(_command: Command) -> dict[str, Any]:
    raise Refusal("no", "bench")
