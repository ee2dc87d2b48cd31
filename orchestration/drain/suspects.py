"""Steps that lost their worker are called apart from everything else: a few at a time, and alone after a second loss.

Most of them only happened to be out when somebody else's call, or the machine, killed the worker. So a few of them are
called together, which is quick; if that worker dies too, each of the few is called alone. A call that kills workers
takes others with it twice at most: those that were out, and then these few.
"""

import time
from enum import StrEnum
from typing import TYPE_CHECKING

from orchestration.core.saga_state import StepState

if TYPE_CHECKING:
    from orchestration.drain.holding import Holding
    from orchestration.drain.lease import Lease

FEW = 16


class Apart(StrEnum):
    """How a step is to be called; the values are what its saga is parked on until then."""

    WITH_A_FEW = "suspect"
    ALONE = "solo"


# So long other calls may take to end, so that nothing is out beside the suspects. Then they begin all the same: a call
# that takes an hour must not keep them, and all that this drain could do meanwhile, waiting.
ROOM_SECONDS = {Apart.WITH_A_FEW: 2.0, Apart.ALONE: 30.0}
NOBODY: Apart | None = None


def apart(step: StepState) -> Apart | None:
    """How `step` is to be called next; None: beside anything."""
    if step.must_be_alone:
        return Apart.ALONE
    return Apart.WITH_A_FEW if step.is_suspect else NOBODY


class Suspects:
    """What a drain does about suspects. `calling`: which it calls now, and nothing else meanwhile."""

    def __init__(self, lease: "Lease", held: "Holding") -> None:
        self.calling: Apart | None = None
        self._lease = lease
        self._held = held
        self._makes_room_since: float | None = None

    @property
    def come_first(self) -> bool:
        """Whether nothing else may be begun now."""
        return self.calling is not None or self._lease.waiting is not None

    def may_be_called(self, step: StepState) -> bool:
        needed = apart(step)
        return needed is None or self.calling in (needed, Apart.ALONE)

    def room(self) -> int:
        """How many of their sagas may be claimed now. Asked only when they come first."""
        if self.calling is Apart.ALONE:
            return 0
        if self.calling is Apart.WITH_A_FEW:
            return FEW - len(self._held.suspects) if self._lease.waiting is not Apart.ALONE else 0
        return self._free_room() if self._lease.waiting else 0

    def begin(self) -> Apart | None:
        """Before a claim: which suspects it takes, or None for everything else."""
        self.calling = self.calling or self._lease.waiting
        self._makes_room_since = None
        return self.calling

    def end(self) -> None:
        """When the last of them has ended, other work goes on."""
        if not self._held.suspects:
            self.calling = None

    def _free_room(self) -> int:
        waiting = self._lease.waiting or Apart.ALONE
        if self._held.sagas:
            now = time.monotonic()
            self._makes_room_since = self._makes_room_since or now
            if now - self._makes_room_since < ROOM_SECONDS[waiting]:
                return 0
        return 1 if waiting is Apart.ALONE else FEW
