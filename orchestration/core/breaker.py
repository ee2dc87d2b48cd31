"""The circuit breaker of one participant: when calls to it stop, and how many it gets when it is back.

Each drain counts for itself; the circuit is one row that they share. Open: no call goes out but one probe now and then.
Whatever the participant answers to a call, be it a refusal, shows that it is back, and closes the circuit.
"""

from collections.abc import Hashable
from datetime import timedelta
from typing import NamedTuple

OPENS_AFTER = 10
# One saga that every try fails for is a fault of that saga.
FROM_SAGAS = 3
OPENS_AGAIN_AFTER = 3
# A little more than the five seconds that are promised: what is measured at the participant has jitter.
PROBE_EVERY = timedelta(seconds=5.5)
SLOW_START = timedelta(seconds=10)
NOBODY: frozenset[Hashable] = frozenset()


class Failures(NamedTuple):
    """Calls that failed with no answer in between, and of which sagas they were (a few are enough)."""

    in_a_row: int = 0
    sagas: frozenset[Hashable] = NOBODY

    def and_one(self, saga_id: Hashable) -> "Failures":
        sagas = self.sagas if len(self.sagas) >= FROM_SAGAS else self.sagas | {saga_id}
        return Failures(self.in_a_row + 1, sagas)

    def open_the_circuit(self, *, recovering: bool) -> bool:
        """Whether calls are to stop. A participant that has just come back gets less patience."""
        if recovering:
            return self.in_a_row >= OPENS_AGAIN_AFTER
        return self.in_a_row >= OPENS_AFTER and len(self.sagas) >= FROM_SAGAS


def is_recovering(closed_for: timedelta | None) -> bool:
    """Whether the circuit was closed only just now. None: it never was open."""
    return closed_for is not None and closed_for < SLOW_START


def calls_at_once(limit: int, closed_for: timedelta | None) -> int:
    """How many calls may be out: after an outage one, and twice as many with each second, up to `limit`."""
    if closed_for is None or not is_recovering(closed_for):
        return limit
    return min(limit, 1 << max(0, int(closed_for.total_seconds())))
