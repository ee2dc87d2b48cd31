"""Carries the schedule out: kills and freezes processes, puts fault rules in force, and heals at the end."""

import asyncio
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sagaconsole.demo.terminal import say
from tests.faults.rest import DISTURBED, Rest
from tests.faults.schedule import FREEZE_SECONDS, Fault, Kind
from tests.faults.system import System, send

_TARGETS = {
    Kind.WORKER: "workers",
    Kind.CHILD: "children",
    Kind.FREEZE: "children",
    Kind.DISPATCHER: "dispatcher",
    Kind.WEB: "web",
    Kind.VALKEY: "valkey",
}
_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Done:
    """A fault that was really made."""

    at: datetime
    kind: Kind
    what: str


class Damage:
    """`done`: what was broken. Frozen processes go on after their time, or when `heal` is called."""

    def __init__(self, system: System, rest: Rest) -> None:
        self.done: list[Done] = []
        self._system = system
        self._rest = rest
        self._rules: list[int] = []
        self._frozen: set[int] = set()
        self._start = 0.0

    async def run(self, faults: Sequence[Fault]) -> None:
        """Each fault at its time, whatever becomes of the others."""
        self._start = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for fault in faults:
                group.create_task(self._at(self._start + fault.at_seconds, fault))

    async def heal(self) -> None:
        """No more faults: what is frozen goes on, every rule is taken out of force."""
        for pid in list(self._frozen):
            self._thaw(pid)
        while self._rules:
            try:
                await self._rest.delete(f"/faults/{self._rules[-1]}")
                self._rules.pop()
            except DISTURBED:
                await asyncio.sleep(0.2)

    async def _at(self, moment: float, fault: Fault) -> None:
        await asyncio.sleep(moment - time.monotonic())
        if fault.kind is Kind.RULE:
            await self._add_rule(fault)
            return
        pid = await self._target(fault)
        number = signal.SIGSTOP if fault.kind is Kind.FREEZE else signal.SIGKILL
        if pid is None or not send(pid, number):
            return
        self._note(fault.kind, f"pid {pid}")
        if fault.kind is Kind.FREEZE:
            self._frozen.add(pid)
            await asyncio.sleep(FREEZE_SECONDS)
            self._thaw(pid)

    async def _add_rule(self, fault: Fault) -> None:
        assert fault.rule is not None
        status, rule = await self._rest.post_until_answered("/faults", fault.rule)
        if status != 201:
            raise RuntimeError(f"the fault rule {fault.rule} was not taken: {status} {rule}")
        self._rules.append(rule["id"])
        self._note(
            fault.kind,
            f"{rule['kind']} x{rule['times']} {rule['step'] or 'any step'} {rule['direction'] or 'both ways'}",
        )

    async def _target(self, fault: Fault) -> int | None:
        """One of the processes of that kind; a drain may be between two lives, so look for a moment."""
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < give_up_at:
            found = [pid for pid in self._system.processes(_TARGETS[fault.kind]) if pid not in self._frozen]
            if found:
                return found[int(fault.pick * len(found))]
            await asyncio.sleep(0.02)
        return None

    def _thaw(self, pid: int) -> None:
        if pid in self._frozen:
            self._frozen.remove(pid)
            send(pid, signal.SIGCONT)

    def _note(self, kind: Kind, what: str) -> None:
        self.done.append(Done(datetime.now(UTC), kind, what))
        say(f"  {time.monotonic() - self._start:5.1f} s  {kind}: {what}")
