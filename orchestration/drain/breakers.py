"""Each participant's circuit: counts what calls bring back, and opens or closes the shared row."""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from orchestration.core.breaker import Failures, is_recovering
from orchestration.drain.calls import Finished
from orchestration.participants.messages import Answer, Outcome
from orchestration.store import flow

if TYPE_CHECKING:
    from orchestration.drain.loop import Drain

logger = logging.getLogger(__name__)
NONE_YET = Failures()
# What the worker itself is to blame for says nothing of the participant.
_OURS = {"host", "unknown_function", "worker_error", "mapping", "worker_stopped"}
_FAILED = {Outcome.IN_DOUBT, Outcome.NOT_SENT, Outcome.TRY_LATER}


def failed(answer: Answer) -> bool | None:
    """Whether the answer shows a participant that cannot serve; None: it says nothing about it."""
    if answer.outcome not in _FAILED:
        return False if answer.sent else None
    error = answer.error or {}
    if error.get("code") in _OURS:
        return None
    if answer.outcome is Outcome.TRY_LATER:
        return bool(error.get("status", 0) >= 500)
    return True


class Breakers:
    """What this drain has seen of each participant since it last answered."""

    def __init__(self) -> None:
        self._failures: dict[str, Failures] = {}
        self._answered: set[str] = set()
        self._errors: dict[str, str] = {}
        self._probes: set[tuple[UUID, int]] = set()

    def probing(self, calls: Iterable[tuple[UUID, int]]) -> None:
        """These calls, by saga and step, try whether a participant is back."""
        self._probes.update(calls)

    def call_ended(self, one: Finished, *, is_open: bool) -> Finished:
        """Count it. A probe that failed was made for all who wait: it uses up no try of its saga."""
        verdict = failed(one.answer)
        if verdict is False:
            self._failures.pop(one.participant, None)
            if is_open:
                self._answered.add(one.participant)
        elif verdict:
            self._failures[one.participant] = self._failures.get(one.participant, NONE_YET).and_one(one.saga_id)
            self._errors[one.participant] = str((one.answer.error or {}).get("message", ""))[:500]
        if self._probes and (one.saga_id, one.step) in self._probes:
            self._probes.discard((one.saga_id, one.step))
            return one._replace(answer=one.answer._replace(probe=True))
        return one

    async def act(self, drain: "Drain") -> None:
        """Open the circuits of those who fail, close the circuits of those who have answered."""
        if not self._failures and not self._answered:
            return
        changed = [name for name in list(self._failures) if await self._open(drain, name)]
        for name in self._answered:
            if await drain.slots.execute(flow.CLOSE, [name]):
                logger.warning("participant %s answers again: its circuit is closed", name)
                changed.append(name)
        self._answered.clear()
        if changed:
            drain.catalogue.is_stale = True
            await drain.queues.tell(changed)

    async def _open(self, drain: "Drain", name: str) -> bool:
        known = drain.catalogue.participants.get(name)
        if known is None or known.is_open:
            return False
        since = known.circuit_changed_at
        recovering = is_recovering(drain.clock.now() - since if since else None)
        if not self._failures[name].open_the_circuit(recovering=recovering):
            return False
        del self._failures[name]
        opened = await drain.slots.execute(flow.OPEN, [self._errors.get(name, ""), name])
        if opened:
            drain.figures.count("circuits_opened_total", name)
            logger.warning("participant %s fails: its circuit is open", name)
        return opened
