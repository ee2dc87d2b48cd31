"""Carries the schedule out: kills and freezes processes, puts fault rules in force, and heals at the end."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from sagaconsole.demo.terminal import say
from tests.faults import collect
from tests.faults.facts import Done
from tests.faults.outages import OUTAGES
from tests.faults.recovery import TAKE_WORKERS
from tests.faults.rest import DISTURBED, Rest
from tests.faults.schedule import FREEZES, Fault, Kind
from tests.faults.system import System, children_of, send

_TARGETS = {
    Kind.WORKER: "workers",
    Kind.CHILD: "children",
    Kind.FREEZE: "children",
    Kind.SEGFAULT: "children",
    Kind.WORKER_FREEZE: "workers",
    Kind.DISPATCHER: "dispatcher",
    Kind.WEB: "web",
    Kind.VALKEY: "valkey",
    Kind.POSTGRES: "postgres",
}
_PATIENCE_SECONDS = 2.0
_LOOK_SECONDS = 0.05
_AGAIN_SECONDS = 0.2


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
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _at(self, moment: float, fault: Fault) -> None:
        await asyncio.sleep(moment - time.monotonic())
        await self._way(fault.kind)(fault)

    def _way(self, kind: Kind) -> Callable[[Fault], Awaitable[None]]:
        if kind is Kind.RULE:
            return self._add_rule
        if kind in {Kind.FLUSH, Kind.WIPE}:
            return self._flush
        if kind in OUTAGES:
            return self._outage
        return self._freeze if kind in FREEZES else self._kill

    async def _kill(self, fault: Fault) -> None:
        pid = await self._target(fault)
        if pid is None:
            return
        held = await self._held_by(fault.kind, pid)
        at = datetime.now(UTC)
        if not send(pid, _signal(fault)):
            return
        if fault.kind is Kind.POSTGRES:
            while self._system.processes("postgres") == [pid]:  # noqa: ASYNC110  another process decides
                await asyncio.sleep(_LOOK_SECONDS)
            await self._see_postgres_back(fault, at)
            return
        self._note(fault.kind, f"pid {pid}, {len(held)} sagas held", at=at, held=held)

    async def _freeze(self, fault: Fault) -> None:
        """For a while; a drain in the middle of its work, if one can be caught there: else it would wake to nothing."""
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        while (pid := await self._target(fault)) is not None:
            at = datetime.now(UTC)
            if not send(pid, signal.SIGSTOP):
                return
            self._frozen.add(pid)
            held = await self._held_by(fault.kind, pid)
            if held or fault.kind is not Kind.FREEZE or time.monotonic() > give_up_at:
                self._note(fault.kind, f"pid {pid}, {len(held)} sagas held", at=at, held=held)
                await asyncio.sleep(fault.lasts_seconds)
                self._thaw(pid)
                return
            self._thaw(pid)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _outage(self, fault: Fault) -> None:
        """Away or full for a while; noted when it is over."""
        at = datetime.now(UTC)
        await OUTAGES[fault.kind](self._system, fault.lasts_seconds)
        if fault.kind is Kind.DISK_FULL:
            await self._see_postgres_back(fault, at)
            return
        back_at = datetime.now(UTC)
        self._note(fault.kind, f"for {(back_at - at).total_seconds():.1f} s", at=at, back_at=back_at)

    async def _flush(self, fault: Fault) -> None:
        """Everything that Valkey holds is gone; with WIPE, so is every drain."""
        kind = fault.kind
        children = self._system.processes("children") if kind is Kind.WIPE else []
        held = await self._held_by(kind, *children)
        while True:
            try:
                async with Redis.from_url(self._system.facts["redis_url"]) as redis:
                    at = datetime.now(UTC)
                    for child in children:
                        send(child, signal.SIGKILL)
                    await redis.flushall()
                break
            except RedisError:
                await asyncio.sleep(_AGAIN_SECONDS)
        self._note(kind, f"{len(children)} drains, {len(held)} sagas held", at=at, held=held)

    async def _see_postgres_back(self, fault: Fault, at: datetime) -> None:
        """Until a server takes connections and the console answers from it."""
        await self._connected()
        back_at = datetime.now(UTC)
        while await self._rest.look("/sagas?limit=1") is None:  # noqa: ASYNC110  another process decides
            await asyncio.sleep(_LOOK_SECONDS)
        lasted = f"for {fault.lasts_seconds:.1f} s, " if fault.lasts_seconds else ""
        about = f"{lasted}took connections again after {(back_at - at).total_seconds():.1f} s"
        self._note(fault.kind, about, at=at, back_at=back_at, answered_at=datetime.now(UTC))

    async def _connected(self) -> None:
        while True:
            try:
                await (await collect.connect(self._system.facts["database_url"])).close()
            except psycopg.OperationalError:
                await asyncio.sleep(_LOOK_SECONDS)
            else:
                return

    async def _held_by(self, kind: Kind, *pids: int) -> tuple[str, ...]:
        """The sagas of which these drains, or the drains of these workers, are the owners; none without a database."""
        drains = [child for pid in pids for child in children_of(pid)] if kind is Kind.WORKER else list(pids)
        if kind not in TAKE_WORKERS or not drains:
            return ()
        try:
            async with await collect.connect(self._system.facts["database_url"]) as database:
                return tuple(await collect.texts(database, collect.HELD, drains))
        except psycopg.OperationalError:
            return ()

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
        """One of the processes of that kind; a drain may be between two lives, so look for a moment.

        Of the workers one is frozen at a time: with all of them frozen nothing can go on, and nothing is promised.
        """
        if fault.kind is Kind.WORKER_FREEZE and self._frozen.intersection(self._system.processes("workers")):
            return None
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

    def _note(self, kind: Kind, what: str, *, at: datetime | None = None, **more: Any) -> None:
        self.done.append(Done(at or datetime.now(UTC), kind, what, **more))
        say(f"  {time.monotonic() - self._start:5.1f} s  {kind}: {what}")


def _signal(fault: Fault) -> signal.Signals:
    """PostgreSQL dies by SIGKILL, or as by `pg_ctl stop -m immediate`."""
    if fault.kind is Kind.SEGFAULT:
        return signal.SIGSEGV
    return signal.SIGQUIT if fault.kind is Kind.POSTGRES and fault.pick < 0.5 else signal.SIGKILL
