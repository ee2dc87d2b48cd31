"""Figures for monitoring: counted in memory where things happen, and added to their rows now and then.

A worker's child lives for seconds, so its figures must leave it: with each heartbeat and at its end, all that came
together since goes out in one statement. A child that is killed takes at most one beat's figures along.
"""

import json
import logging
from bisect import bisect_left
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import DatabaseError, connection

from orchestration.about import about
from orchestration.core.states import SagaStatus, StepStatus
from orchestration.store.rows import SagaChange, StoredSaga

logger = logging.getLogger(__name__)
# Rows are added to in one order, so that two writers never wait for each other in a circle. Nobody waits for the disk:
# after a crash of PostgreSQL the last half second of figures may be missing, and no write of a saga is affected.
ADD = """
WITH unhurried AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO orchestration_figure AS kept (name, labels, count, total, buckets)
SELECT new.name, new.labels, new.count, new.total, new.buckets::bigint[]
FROM unhurried, unnest(%s::text[], %s::text[], %s::bigint[], %s::float8[], %s::text[])
    AS new(name, labels, count, total, buckets)
ORDER BY new.name, new.labels
ON CONFLICT (name, labels) DO UPDATE SET
    count = kept.count + excluded.count, total = kept.total + excluded.total,
    buckets = ARRAY(
        SELECT coalesce(old, 0) + coalesce(new, 0)
        FROM unnest(kept.buckets, excluded.buckets) WITH ORDINALITY AS pair(old, new, number) ORDER BY number)
"""

_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_LONG = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)
_SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
# Upper bounds of the buckets of what is observed; one more bucket holds the rest. Other bounds need another name:
# rows are kept over releases.
BOUNDS: dict[str, tuple[float, ...]] = {
    "call_duration_seconds": _QUICK,
    "saga_duration_seconds": _LONG,
    "claim_batch_sagas": _SIZES,
    "record_batch_sagas": _SIZES,
}
Series = tuple[str, ...]
_STUCK = SagaStatus.STUCK
_FAILED = (StepStatus.FAILED, StepStatus.COMPENSATION_FAILED)


class Added(NamedTuple):
    """What is added to one series: its name and labels, how many, their sum, and how many in each bucket."""

    series: Series
    number: int
    total: float
    buckets: list[int]


class _Spread:
    __slots__ = ("bounds", "buckets", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.buckets = [0] * (len(bounds) + 1)
        self.total = 0.0


class Figures:
    """What has happened since the last `take`. For one thread."""

    def __init__(self) -> None:
        self._counts: dict[Series, int] = {}
        self._spreads: dict[Series, _Spread] = {}

    def count(self, *series: str, by: int = 1) -> None:
        """A name and its labels: it happened, `by` times."""
        self._counts[series] = self._counts.get(series, 0) + by

    def observe(self, series: Series, value: float) -> None:
        """One more value of a series whose name is in BOUNDS."""
        spread = self._spreads.get(series)
        if spread is None:
            spread = self._spreads[series] = _Spread(BOUNDS[series[0]])
        spread.total += value
        spread.buckets[bisect_left(spread.bounds, value)] += 1

    def take(self) -> list[Added]:
        """All of it, and begin anew."""
        rows = [Added(series, count, 0.0, []) for series, count in self._counts.items()]
        rows += [Added(series, sum(one.buckets), one.total, one.buckets) for series, one in self._spreads.items()]
        self._counts, self._spreads = {}, {}
        return rows

    def put_back(self, rows: Iterable[Added]) -> None:
        """These were taken and not written."""
        for row in rows:
            if not row.buckets:
                self.count(*row.series, by=row.number)
                continue
            spread = self._spreads.setdefault(row.series, _Spread(BOUNDS[row.series[0]]))
            spread.total += row.total
            spread.buckets = [old + new for old, new in zip(spread.buckets, row.buckets, strict=True)]


def saga_landed(figures: Figures, saga: StoredSaga, change: SagaChange) -> None:
    """`change` of `saga` (as it was before) is in the database: did it begin, end or get stuck?

    That it is stuck stands in the log too: only a person moves it on.
    """
    name, status = saga.definition.name, change.state.status
    if saga.started_at is None and change.started_at is not None:
        figures.count("sagas_begun_total", name)
    if change.finished_at is not None:
        figures.count("sagas_ended_total", name, status.value)
        if change.started_at is not None:
            seconds = (change.finished_at - change.started_at).total_seconds()
            figures.observe(("saga_duration_seconds", name, status.value), seconds)
    elif status is _STUCK and saga.state.status is not _STUCK:
        figures.count("sagas_stuck_total", name, change.state.stuck_code)
        on = ",".join(step.definition.name for step in change.state.steps if step.status in _FAILED)
        about_it = about(saga.id, step=on, epoch=change.epoch)
        logger.warning("saga %s is stuck: %s", saga.id, change.state.stuck_reason, extra=about_it)


def parameters(rows: Iterable[Added]) -> list[list[Any]]:
    """The arrays that ADD takes, column by column. At least one row."""
    columns = [
        (row.series[0], labels_text(row.series[1:]), row.number, row.total, "{" + ",".join(map(str, row.buckets)) + "}")
        for row in rows
    ]
    return [list(column) for column in zip(*columns, strict=True)]


def labels_text(labels: Iterable[str]) -> str:
    return json.dumps(list(labels), separators=(",", ":"))


def add_now(figures: Figures) -> None:
    """Write them at once, on Django's connection. A figure is no reason to fail. Outside of transactions only."""
    rows = figures.take()
    if not rows:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(ADD, parameters(rows))
    except DatabaseError as error:
        logger.warning("%d figures were not written: %s", len(rows), error)
