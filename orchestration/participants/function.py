"""Participants that are Python functions in this process, registered by name in code.

An `async def` function runs on the drain's loop, a plain one in a bounded pool of threads. A plain function that runs
past its timeout cannot be stopped: its try is in doubt and its thread stays taken until it returns.
"""

import asyncio
import inspect
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from orchestration.about import about
from orchestration.participants.messages import Answer, Command, Outcome, problem

logger = logging.getLogger(__name__)
THREADS = 32
F = TypeVar("F", bound=Callable[[Command], Any])


class Refusal(Exception):
    """Raised by a participant function: a clear no, nothing has happened. `code` names the rule."""

    def __init__(self, message: str, code: str = "refused") -> None:
        super().__init__(message)
        self.code = code


class AnswerLater(Exception):
    """Raised by a participant function: accepted, as HTTP's 202.

    The answer comes by callback: `callback_tokens.token_of(command.waiting_saga, command.position, command.direction)`.
    """


@dataclass(frozen=True, slots=True)
class RegisteredFunction:
    name: str
    call: Callable[[Command], Any]
    is_async: bool


REGISTRY: dict[str, RegisteredFunction] = {}


def participant_function(name: str) -> Callable[[F], F]:
    """Register a function under `name`. It takes the `Command` and returns the step's output (JSON).

    It may raise Refusal or AnswerLater. Raises ValueError when another function has that name.
    """

    def register(function: F) -> F:
        known = REGISTRY.get(name)
        if known is not None and known.call is not function:
            raise ValueError(f"there is already a participant function {name!r}")
        REGISTRY[name] = RegisteredFunction(name, function, inspect.iscoroutinefunction(function))
        return function

    return register


class FunctionTransport:
    """Calls registered functions."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="participant")

    async def send(self, command: Command) -> Answer:
        function = REGISTRY.get(command.target)
        if function is None:
            return Answer(Outcome.NOT_SENT, error=problem(f"no function {command.target!r} here", "unknown_function"))
        try:
            async with asyncio.timeout(command.timeout):
                return Answer(Outcome.SUCCEEDED, await self._run(function, command))
        except Refusal as refusal:
            return Answer(Outcome.REFUSED, error=problem(str(refusal), refusal.code))
        except AnswerLater:
            return Answer(Outcome.ACCEPTED)
        except TimeoutError:
            return Answer(Outcome.IN_DOUBT, error=problem(f"no answer in {command.timeout:g} s", "timeout"))
        except Exception as error:  # whatever a participant raises is its answer, never the drain's end
            about_it = about(command.waiting_saga, step=command.step, epoch=command.epoch)
            logger.exception("participant function %s failed", command.target, extra=about_it)
            return Answer(Outcome.IN_DOUBT, error=problem(f"{type(error).__name__}: {error}", "exception"))

    async def ask(self, command: Command) -> Answer | None:  # noqa: ARG002  functions have no status endpoint
        return None

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, function: RegisteredFunction, command: Command) -> Any:
        if function.is_async:
            return await function.call(command)
        return await asyncio.get_running_loop().run_in_executor(self._threads, function.call, command)
