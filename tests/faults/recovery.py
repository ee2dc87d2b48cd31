"""How long sagas lay still after their worker was killed or frozen."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tests.faults.damage import Done
from tests.faults.facts import Attempt
from tests.faults.schedule import Kind

_TAKE_WORKERS = {Kind.WORKER, Kind.CHILD, Kind.FREEZE}
CRASH_RULE = "crash by rule"


def longest(attempts: Sequence[Attempt], damage: Sequence[Done]) -> dict[str, timedelta]:
    """By cause, the longest time from the kill to the start of the next try of a step whose call was lost with it.

    A lost call counts from the first kill that came while it was out; without one, a rule has crashed its worker, and
    it counts from its start. Attempts in order of (saga, position, direction, number).
    """
    found: dict[str, timedelta] = {}
    for lost, goes_on_at in _lost(attempts):
        cause, killed_at = _cause(lost, damage)
        found[cause] = max(found.get(cause, timedelta(0)), goes_on_at - killed_at)
    return found


def _lost(attempts: Sequence[Attempt]) -> Iterator[tuple[Attempt, datetime]]:
    """Each lost try, and when the next of the same step began; without a next one, when its loss was noticed."""
    for one, following in pairwise([*attempts, None]):
        if one is not None and one.outcome == "lost":
            same = following is not None and _step(following) == _step(one)
            yield one, following.started_at if same and following is not None else one.finished_at


def _step(attempt: Attempt) -> tuple[str, int, str]:
    return attempt.saga_id, attempt.position, attempt.direction


def _cause(attempt: Attempt, damage: Sequence[Done]) -> tuple[str, datetime]:
    for done in damage:
        if done.kind in _TAKE_WORKERS and attempt.started_at <= done.at <= attempt.finished_at:
            return str(done.kind), done.at
    return CRASH_RULE, attempt.started_at
