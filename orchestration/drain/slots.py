"""The calls that this drain may have out, by participant: taken in blocks from what all drains share.

A call is begun only with a slot in hand. The slot is free again when what came of the call has been decided, so that
the saga's next call to the same participant goes before anything new. Where the limit is far away this costs no
statement.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from orchestration.core import breaker
from orchestration.core.parking import PARTICIPANT
from orchestration.drain.connections import GONE, Connection, connect
from orchestration.store import flow
from orchestration.store.leases import LEASE_SECONDS

if TYPE_CHECKING:
    from orchestration.drain.catalogue import Catalogue
    from orchestration.drain.clock import DatabaseClock

Values = Sequence[Any] | Mapping[str, Any] | None
logger = logging.getLogger(__name__)
ASK_AGAIN_SECONDS = 0.25
TIDY_SECONDS = 1.0
BIGGEST_BLOCK, BLOCKS_IN_LIMIT = 32, 16
KEPT_WHEN_IDLE, OF_LIMITS_FROM = 16, 256


class Slots:
    """`missed`: what the decisions since `begin_batch` would have needed more. `permits`: probes that were won."""

    def __init__(self, drain_id: UUID, catalogue: "Catalogue", clock: "DatabaseClock") -> None:
        self.missed: dict[str, int] = {}
        self.permits: set[str] = set()
        self._drain_id = drain_id
        self._catalogue = catalogue
        self._clock = clock
        self._granted: defaultdict[str, int] = defaultdict(int)
        self._longest: defaultdict[str, float] = defaultdict(float)
        self._used: defaultdict[str, int] = defaultdict(int)
        self._reserved: defaultdict[str, int] = defaultdict(int)
        self._peak: defaultdict[str, int] = defaultdict(int)
        self._wanted_longest: defaultdict[str, float] = defaultdict(float)
        self._ask_at: dict[str, float] = {}
        self._too_many: set[str] = set()
        self._limits = catalogue.participants
        self._tidy_at = time.monotonic() + TIDY_SECONDS
        self._connection: Connection | None = None

    # -- in the decisions: no statement ------------------------------------------------------------------------

    def begin_batch(self) -> None:
        """Decisions begin: what the last ones took has become calls, or came to nothing."""
        self._reserved.clear()
        self.missed.clear()
        if self._limits is not self._catalogue.participants:
            self._note_limits()

    def _note_limits(self) -> None:
        """The configuration was read again. Where a limit was lowered nothing new goes out until all fits under it."""
        before, self._limits = self._limits, self._catalogue.participants
        for name in [name for name, granted in self._granted.items() if granted]:
            known = self._limits.get(name)
            if known is not None and name in before and known.max_in_flight < before[name].max_in_flight:
                self._too_many.add(name)

    def take(self, name: str, timeout: float) -> bool:
        """A slot for one call of at most `timeout` seconds, if there is one in hand."""
        if self.free(name) > 0 and timeout <= self._longest[name]:
            self._reserved[name] += 1
            return True
        self.missed[name] = self.missed.get(name, 0) + 1
        self._wanted_longest[name] = max(self._wanted_longest[name], timeout)
        return False

    def take_probe(self, name: str, timeout: float) -> bool:
        """The one call that a won probe allows while the circuit is open."""
        return name in self.permits and not self._reserved[name] and self.take(name, timeout)

    def any_free(self, queues: Iterable[str]) -> bool:
        """Whether there is a slot for somebody in one of these lines."""
        return any(self.free(queue.removeprefix(PARTICIPANT)) > 0 for queue in queues)

    def free(self, name: str) -> int:
        return 0 if name in self._too_many else self._idle(name)

    def _idle(self, name: str) -> int:
        return self._granted[name] - self._used[name] - self._reserved[name]

    def longest(self, name: str) -> float:
        """Seconds that a call may take: what was granted is held for so long, if this drain freezes."""
        return self._longest[name]

    def started(self, name: str) -> None:
        """A call is out."""
        self._used[name] = used = self._used[name] + 1
        self._peak[name] = max(self._peak[name], used)

    def ended(self, name: str) -> None:
        """A call has ended, and what follows is about to be decided; or it will never be made."""
        self._used[name] -= 1

    # -- between the decisions ---------------------------------------------------------------------------------

    async def fetch_missed(self) -> bool:
        """Whether something of what was missed could be had: then the decisions are worth another try."""
        got = False
        for name, number in list(self.missed.items()):
            got = await self._lengthen(name) or got
            lacking = number - self.free(name)
            got = (lacking > 0 and await self.fetch(name, lacking) > 0) or got
        return got

    async def _lengthen(self, name: str) -> bool:
        """A grant must say how long its calls may take before a longer one goes out."""
        longest = self._wanted_longest[name]
        if not self._granted[name] or longest <= self._longest[name]:
            return False
        if await self._rows(flow.LENGTHEN, [longest, self._drain_id, name]):
            self._longest[name] = longest
            return True
        return False

    async def fetch(self, name: str, number: int) -> int:
        """Ask for `number` slots more, in whole blocks; how many came. Not again at once after a refusal."""
        known = self._catalogue.participants.get(name)
        if known is None or not known.may_be_called or time.monotonic() < self._ask_at.get(name, 0.0):
            return 0
        since = known.circuit_changed_at
        cap = breaker.calls_at_once(known.max_in_flight, self._clock.now() - since if since else None)
        block = max(1, min(BIGGEST_BLOCK, cap // BLOCKS_IN_LIMIT))
        values: dict[str, Any] = {
            "drain": self._drain_id, "participant": name, "want": -(-number // block) * block, "cap": cap,
            "longest": max(self._longest[name], self._wanted_longest[name]), "changed_at": since,
        }  # fmt: skip
        rows = await self._rows(flow.FETCH, values) or (
            await self._rows(flow.FREE_AGAIN) and await self._rows(flow.FETCH, values)
        )
        if not rows:
            self._ask_at[name] = time.monotonic() + ASK_AGAIN_SECONDS
            return 0
        self._ask_at.pop(name, None)
        self._too_many.discard(name)  # there is room under the limit again
        self._note_grant(name, rows[0][0], values["longest"])
        return int(rows[0][0])

    def is_short(self, name: str) -> bool:
        """Whether the last time that slots were asked for there were none."""
        return name in self._ask_at

    def were_short(self) -> list[str]:
        """For whom it is time to ask again."""
        now = time.monotonic()
        return [name for name, ask_at in self._ask_at.items() if ask_at <= now]

    def ask_again(self, name: str) -> None:
        """Somebody has given something back."""
        if name in self._ask_at:
            self._ask_at[name] = 0.0

    async def win_probe(self, name: str, longest: float) -> bool:
        """Of all drains that would try whether `name` is back one may."""
        longest = max(self._longest[name], longest)
        values = {"drain": self._drain_id, "participant": name, "longest": longest}
        if not await self._rows(flow.PROBE, values):
            return False
        self._note_grant(name, 1, longest)
        self.permits.add(name)
        return True

    async def end_probes(self, used: set[str]) -> None:
        """After the claim: a probe that nobody wanted may be made by the next who does."""
        for name in self.permits - used:
            await self._rows(flow.NO_PROBE, [name])
        self.permits.clear()

    async def give_back(self, name: str, number: int) -> None:
        if number <= 0:
            return
        values = {"drain": self._drain_id, "participant": name, "number": number}
        if await self._rows(flow.GIVE_BACK, values) is not None:
            self._granted[name] -= number

    async def tidy(self, useless: set[str]) -> list[str]:
        """Once a second give back what was idle for that long; at once all that is free of what is `useless` here.

        Returns the participants of which something was given back.
        """
        given = await self._shed()
        for name in [name for name in useless if self.free(name) > 0]:
            given.append(name)
            await self.give_back(name, self.free(name))
        if time.monotonic() < self._tidy_at:
            return given
        self._tidy_at = time.monotonic() + TIDY_SECONDS
        for name, granted in list(self._granted.items()):
            known = self._catalogue.participants.get(name)
            kept = KEPT_WHEN_IDLE if known is not None and known.max_in_flight >= OF_LIMITS_FROM else 0
            idle = granted - max(kept, self._peak[name], self._used[name] + self._reserved[name])
            if idle > 0:
                given.append(name)
                await self.give_back(name, idle)
            self._peak[name] = self._used[name]
        return given

    async def _shed(self) -> list[str]:
        """After a limit was lowered, all drains give back what their calls leave, until the rest fits under it."""
        given = []
        for name in list(self._too_many):
            if self._idle(name) > 0:
                given.append(name)
                await self.give_back(name, self._idle(name))
            if await self._rows(flow.FITS, [name]):
                self._too_many.discard(name)
        return given

    async def leave(self) -> None:
        """The drain ends. Calls that were cut may still be worked on: their slots come back a little later."""
        self.begin_batch()
        for name in list(self._granted):
            await self.give_back(name, self._idle(name))
        if self._granted:
            await self._rows(flow.LEAVE, [self._drain_id])

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def execute(self, statement: str, values: Values = None) -> bool:
        """Run a statement about the flow on this connection: at once, in no transaction. Whether it gave a row."""
        return bool(await self._rows(statement, values))

    def _note_grant(self, name: str, number: int, longest: float) -> None:
        self._granted[name] += number
        self._longest[name] = max(self._longest[name], longest)

    async def _rows(self, statement: str, values: Values = None) -> list[tuple[Any, ...]] | None:
        """What the statement returns; None when the database is away: then nothing is known to be granted."""
        try:
            if self._connection is None or self._connection.closed:
                self._connection = await connect("sagaconsole slots")
            cursor = await self._connection.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []
        except GONE as error:
            logger.warning("drain %s: slots cannot be had or given back: %s", self._drain_id, error)
        except psycopg.errors.DeadlockDetected as error:
            logger.warning("drain %s: %s", self._drain_id, error)
        return None


def grace(timeout: float) -> float:
    """Seconds for which a call that was cut here may still be worked on, as far as that is waited for."""
    return min(timeout, LEASE_SECONDS)
