"""Canary mode: 1 saga, then 10, then the rest; nobody goes on before it is known what became of those before."""

from dataclasses import dataclass
from datetime import timedelta

from orchestration.models import Bulk
from orchestration.store.bulks import Outcomes

SECOND_WAVE = 10
PATIENCE = timedelta(minutes=5)
LOOK_AGAIN_SECONDS = 1.0
# One in so many may fail again; what a person has accepted by resuming does not count any more.
BEARABLE = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """`halt`: why it stops by itself; `wait`: too early to say."""

    halt: str = ""
    wait: bool = False


GO_ON = Verdict()


def failures_rise(bulk: Bulk, outcomes: Outcomes) -> bool:
    return outcomes.failed_again - bulk.failures_accepted > bulk.done // BEARABLE


def verdict(bulk: Bulk, outcomes: Outcomes, *, patience_is_over: bool) -> Verdict:
    """What the end of a wave leads to."""
    if failures_rise(bulk, outcomes):
        return Verdict(halt=Bulk.Halt.FAILURES)
    if not outcomes.under_way:
        return GO_ON
    return Verdict(halt=Bulk.Halt.SLOW) if patience_is_over else Verdict(wait=True)


def next_limit(bulk: Bulk) -> int | None:
    """How many may be done by the end of the next wave."""
    return bulk.done + SECOND_WAVE if bulk.done_limit == 1 else None
