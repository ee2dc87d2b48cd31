"""How long work lay still after a fault: P7 (workers), P8 (Valkey), P9 (PostgreSQL).

What was away for a while (PostgreSQL killed or out of disk, Valkey away or full) counts from the moment it is back: its
own recovery is its own.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from orchestration.core.states import OUT, SagaStatus
from tests.faults.facts import Attempt, Done, Event, Facts, by_saga
from tests.faults.schedule import Kind
from tests.faults.verdicts import Miss, Verdict, verdict

TAKE_WORKERS = {Kind.WORKER, Kind.CHILD, Kind.FREEZE, Kind.SEGFAULT, Kind.WIPE}
TAKE_VALKEY = {Kind.VALKEY, Kind.FLUSH, Kind.WIPE, Kind.VALKEY_AWAY, Kind.VALKEY_FULL}
TAKE_POSTGRES = {Kind.POSTGRES, Kind.DISK_FULL}
WORKER_LIMIT = timedelta(seconds=15)
VALKEY_LIMIT = timedelta(seconds=5)
CONSOLE_LIMIT = timedelta(seconds=10)
WEB_STARTS = timedelta(seconds=20)
POSTGRES_LIMIT = timedelta(seconds=20)
# Without these nothing goes on at all, or no drain begins.
_NEEDED = dict.fromkeys(TAKE_POSTGRES, POSTGRES_LIMIT) | dict.fromkeys(
    {Kind.VALKEY_AWAY, Kind.VALKEY_FULL}, VALKEY_LIMIT
)
CRASH_RULE = "crash by rule"


class Still(NamedTuple):
    """Something that lay still since a fault. `until`: None when it never went on; `late_at`: the promise's end."""

    saga_id: str
    cause: Done
    since: datetime
    until: datetime | None
    late_at: datetime

    @property
    def is_late(self) -> bool:
        return self.until is None or self.until > self.late_at

    @property
    def has_more_time(self) -> bool:
        """What it needs was away too, so that the limit of that counts."""
        limits = dict.fromkeys(TAKE_POSTGRES, POSTGRES_LIMIT) | dict.fromkeys(TAKE_VALKEY, VALKEY_LIMIT)
        limits |= dict.fromkeys(TAKE_WORKERS, WORKER_LIMIT)
        return self.late_at - self.since > limits[self.cause.kind]

    def said(self) -> str:
        took = "never" if self.until is None else f"after {(self.until - self.since).total_seconds():.1f} s"
        return f"{self.cause.kind} at {self.cause.at:%H:%M:%S.%f} ({self.cause.what}): went on {took}"


def verdicts(facts: Facts) -> list[Verdict]:
    """P7 for each saga that a taken worker held; P8 and P9 for the first try after the fault, and for the console."""
    emptied, restarted = (
        _work_still(facts, TAKE_VALKEY, VALKEY_LIMIT),
        _work_still(facts, TAKE_POSTGRES, POSTGRES_LIMIT),
    )
    return [
        _judged("P7", "killed worker: its sagas go on <= 15 s", list(sagas_still(facts))),
        _judged("P8a", "Valkey emptied: due work runs <= 5 s", list(emptied)),
        _judged("P9a", "PostgreSQL back: console answers <= 10 s", list(_console_still(facts))),
        _judged("P9b", "PostgreSQL back: workers go on <= 20 s", list(restarted)),
    ]  # fmt: skip


def _judged(promise: str, statement: str, still: list[Still]) -> Verdict:
    late = [Miss(one.saga_id, one.said()) for one in still if one.is_late]
    return verdict(promise, statement, len(still), late, _figure(still))


def _figure(still: list[Still]) -> str:
    """The longest by cause; apart from these, where PostgreSQL or Valkey was away meanwhile."""
    longest: dict[str, timedelta] = {}
    for one in still:
        if one.until is not None:
            cause = f"{one.cause.kind} (with a server away)" if one.has_more_time else str(one.cause.kind)
            longest[cause] = max(longest.get(cause, timedelta(0)), one.until - one.since)
    return ", ".join(f"{cause} {value.total_seconds():.1f} s" for cause, value in sorted(longest.items()))


def sagas_still(facts: Facts) -> Iterator[Still]:
    """Each saga that a killed or frozen worker held: until its next try, or a move that is more than the loss."""
    attempts, events = by_saga(facts.attempts), by_saga(facts.events)
    for done in facts.damage:
        for saga_id in done.held if done.kind in TAKE_WORKERS else ():
            if not _has_calls_out(events.get(saga_id, []), done.at):
                continue  # between the look and the kill it ended, got stuck, or was let go until later
            until = _moved_on(done.at, attempts.get(saga_id, []), events.get(saga_id, []))
            yield Still(saga_id, done, done.at, until, _late_at(facts, done, done.at, WORKER_LIMIT, until))


def _has_calls_out(events: list[Event], at: datetime) -> bool:
    """Whether by the journal some step's call was out at that moment."""
    standing: dict[str, str] = {}
    for event in events:
        if event.at is None or event.at <= at:
            for move in event.moves.split():
                position, _colon, path = move.partition(":")
                standing[position] = path.rpartition(">")[2]
    return bool(OUT & set(standing.values()))


def _moved_on(since: datetime, attempts: list[Attempt], events: list[Event]) -> datetime | None:
    tries = [attempt.started_at for attempt in attempts if attempt.started_at > since]
    moves, paused = [], False
    for event in events:
        paused = event.kind == "pause" or (paused and event.kind != "resume")
        if event.at and event.at > since and _is_as_far_as_it_goes(event, paused=paused):
            moves.append(event.at)
    return min([*tries, *moves], default=None)


def _is_as_far_as_it_goes(event: Event, *, paused: bool) -> bool:
    """More than the loss; or that alone, where a person has paused the saga, or it must wait for one (a sibling)."""
    return bool(event.moves) and (event.kind != "lost" or paused or event.status == SagaStatus.STUCK)


def _late_at(facts: Facts, done: Done, since: datetime, limit: timedelta, until: datetime | None) -> datetime:
    """When what a saga needs was away meanwhile, the time counts from when that was back, by the longer promise."""
    late_at = since + limit
    for other in facts.damage:
        if (own_limit := _NEEDED.get(other.kind)) is None:
            continue
        away_until = (other.back_at or other.at) + max(own_limit, limit)
        if other.at < (until or late_at) and done.at < away_until:
            late_at = max(late_at, away_until)
    return late_at


def _work_still(facts: Facts, kinds: set[Kind], limit: timedelta) -> Iterator[Still]:
    """From the fault, or from the first launch after it when nothing else was waiting to begin."""
    starts = sorted(attempt.started_at for attempt in facts.attempts)
    for done in facts.damage:
        since = _due_since(facts, done.back_at or done.at) if done.kind in kinds else None
        if since is not None:
            until = next((start for start in starts if start > since), None)
            late_at = since + limit if done.kind in TAKE_POSTGRES else _late_at(facts, done, since, limit, until)
            yield Still("", done, since, until, late_at)


def _due_since(facts: Facts, at: datetime) -> datetime | None:
    """From when on, after `at`, a saga waited for its first try; None: no more was launched."""
    begun_at: dict[str, datetime] = {}
    for attempt in facts.attempts:
        begun_at[attempt.saga_id] = min(attempt.started_at, begun_at.get(attempt.saga_id, attempt.started_at))
    launched = [saga.created_at for saga in facts.sagas if saga.created_at and begun_at.get(saga.id, at) > at]
    return max(at, min(launched)) if launched else None


def _console_still(facts: Facts) -> Iterator[Still]:
    for done in facts.damage:
        if done.kind in TAKE_POSTGRES:
            since = done.back_at or done.at
            late_at = since + CONSOLE_LIMIT
            killed = [other.at for other in facts.damage if other.kind is Kind.WEB and done.at <= other.at < late_at]
            # A second fault: whoever was killed meanwhile has to start before it can answer.
            yield Still("", done, since, done.answered_at, max([late_at, *(at + WEB_STARTS for at in killed)]))


def after_crash_rules(attempts: Sequence[Attempt], damage: Sequence[Done]) -> timedelta:
    """The longest time from the start of a call that no kill explains, but was lost, to the next try of its step."""
    held = {saga_id for done in damage for saga_id in done.held}
    waits = [
        following.started_at - lost.started_at
        for lost, following in pairwise(attempts)
        if lost.outcome == "lost" and lost.saga_id not in held and _step(lost) == _step(following)
    ]
    return max(waits, default=timedelta(0))


def _step(attempt: Attempt) -> tuple[str, int, str]:
    return attempt.saga_id, attempt.position, attempt.direction
