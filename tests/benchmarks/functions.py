"""What the measured steps do. Workers learn these functions through SAGA_FUNCTION_MODULES."""

import asyncio
from typing import Any

from orchestration.participants.function import participant_function
from orchestration.participants.messages import Command

STEP_SECONDS = 0.005


@participant_function("bench-nothing")
async def nothing(_command: Command) -> dict[str, Any]:
    return {"done": True}


@participant_function("bench-sleep")
async def sleep(_command: Command) -> dict[str, Any]:
    await asyncio.sleep(STEP_SECONDS)
    return {"done": True}
