"""Sub-sagas as something that can be called: launched, compensated and asked about, in a thread beside the loop.

What that means stands in `orchestration/sub_sagas.py`, which knows how to launch; this module must not, and is told.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol
from uuid import UUID

from django.db import DatabaseError, connection

from orchestration.about import about
from orchestration.participants.messages import Answer, Command, Outcome, problem

logger = logging.getLogger(__name__)


class SubSagas(Protocol):
    """All of it is synchronous, on Django's connection of the thread it runs in, and each in its own transaction."""

    def begin(self, command: Command) -> Answer:
        """Launch the sub-saga of the step, once, however often this is called."""
        ...

    def undo(self, command: Command) -> Answer:
        """See to it that the sub-saga goes back."""
        ...

    def look(self, command: Command) -> Answer | None:
        """How it ended, or that it has not; None: it may be called again."""
        ...

    def tell_parent(self, saga_id: UUID) -> None:
        """The saga has ended: let the step that it is know."""
        ...


_PROVIDED: list[SubSagas] = []


def provide(sub_sagas: SubSagas) -> None:
    """Say once, when the process begins, what sub-sagas are."""
    _PROVIDED[:] = [sub_sagas]


class SubSagaTransport:
    """One thread with one connection: what it does are short transactions, one after the other."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sub-sagas")
        self._told: set[asyncio.Task[None]] = set()

    async def send(self, command: Command) -> Answer:
        deed = _PROVIDED[0].undo if command.direction == "compensation" else _PROVIDED[0].begin
        try:
            answer: Answer = await self._run(deed, command)
        except DatabaseError as error:
            return Answer(Outcome.IN_DOUBT, error=problem(f"the database: {error}"[:500], "database"))
        return answer

    async def ask(self, command: Command) -> Answer | None:
        try:
            answer: Answer | None = await self._run(_PROVIDED[0].look, command)
        except DatabaseError:
            return None
        return answer

    def ended(self, saga_id: UUID) -> None:
        """A sub-saga has ended: tell its parent, soon. A parent that is never told looks by itself, later."""
        task = asyncio.create_task(self._tell(saga_id))
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    async def close(self) -> None:
        """After what was begun."""
        await asyncio.gather(*self._told)
        await self._run(_close)
        self._thread.shutdown(wait=False)

    async def _tell(self, saga_id: UUID) -> None:
        try:
            await self._run(_PROVIDED[0].tell_parent, saga_id)
        except DatabaseError as error:
            logger.warning("the parent of saga %s was not told of its end: %s", saga_id, error, extra=about(saga_id))

    async def _run(self, deed: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, _on_a_good_connection, deed, *arguments)


def _on_a_good_connection(deed: Callable[..., Any], *arguments: Any) -> Any:
    """A connection that failed is not used again."""
    try:
        return deed(*arguments)
    except DatabaseError:
        connection.close()
        raise


def _close() -> None:
    """Of the thread that it runs in: that is what `connection` means there."""
    connection.close()
