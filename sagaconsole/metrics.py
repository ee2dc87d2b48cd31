"""`/metrics` for Prometheus: what was counted and how things stand now, for whoever may view sagas, by API token."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from orchestration import dispatch, tokens
from orchestration.queries import Kept, Now, Taking, kept_figures, standing_now
from orchestration.store.figures import BOUNDS
from orchestration.triggers.rest.errors import Refused, envelope

logger = logging.getLogger(__name__)
PREFIX = "sagaconsole_"
UNAUTHORIZED = Refused(401, "unauthorized", "a valid bearer token is needed")
FORBIDDEN = Refused(403, "forbidden", "the token may not view sagas")
UNAVAILABLE = Refused(503, "unavailable", "the database cannot be reached now")
# What is counted as it happens: help, and the labels.
COUNTERS: dict[str, tuple[str, list[str]]] = {
    "sagas_begun_total": ("Sagas that a worker took up for the first time", ["definition"]),
    "sagas_ended_total": ("Sagas that ended, by how they ended", ["definition", "status"]),
    "sagas_stuck_total": ("Sagas that became stuck, by why", ["definition", "code"]),
    "calls_lost_total": ("Calls that were lost with their worker", []),
    "circuits_opened_total": ("Times that calls to a participant were stopped because it failed", ["participant"]),
    "bulk_items_total": ("Sagas of bulk acts that were acted on, by act and result", ["act", "result"]),
    "healed_total": ("What the dispatcher healed: wake-ups that were lost, drains and sagas set free", ["what"]),
}
HISTOGRAMS: dict[str, tuple[str, list[str]]] = {
    "call_duration_seconds": ("Calls, from intent to answer", ["participant", "direction", "outcome"]),
    "saga_duration_seconds": ("Sagas that ended, from their first call to their end", ["definition", "status"]),
    "claim_batch_sagas": ("Sagas that a worker took up with one statement", []),
    "record_batch_sagas": ("Sagas that a worker recorded with one statement", []),
}
ENGINE_COUNTERS = {
    "stale_writes": "Writes of workers that had lost their sagas; all were refused",
    "lost_leases": "Drains that found their lease lost",
}


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Every figure, in the format that the client asks for."""
    try:
        if refused := _refusal(request):
            return envelope(refused)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Figures(kept_figures(), standing_now()))
    except (OperationalError, InterfaceError) as error:
        logger.warning("metrics: the database cannot be reached: %s", error)
        return envelope(UNAVAILABLE)
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(registry), content_type=content_type)


def _refusal(request: HttpRequest) -> Refused | None:
    scheme, _blank, secret = request.headers.get("Authorization", "").partition(" ")
    actor = tokens.authenticate(secret.strip(), via="metrics") if scheme.lower() == "bearer" else None
    if actor is None:
        return UNAUTHORIZED
    return None if actor.may("view_saga") else FORBIDDEN


class _Figures(Collector):
    def __init__(self, kept: list[Kept], now: Now) -> None:
        self._kept: defaultdict[str, list[Kept]] = defaultdict(list)
        for one in kept:
            self._kept[one.name].append(one)
        self._now = now

    def collect(self) -> Iterator[Metric]:
        yield from self._counters()
        yield from self._histograms()
        yield from self._gauges()
        yield from _redis()

    def _counters(self) -> Iterator[Metric]:
        for name, (meaning, labels) in COUNTERS.items():
            counter = CounterMetricFamily(PREFIX + name, meaning, labels=labels)
            for one in self._kept[name]:
                counter.add_metric(one.labels, one.count)
            yield counter
        for name, meaning in ENGINE_COUNTERS.items():
            yield CounterMetricFamily(f"{PREFIX}{name}_total", meaning, value=self._now.engine.get(name, 0))

    def _histograms(self) -> Iterator[Metric]:
        for name, (meaning, labels) in HISTOGRAMS.items():
            histogram = HistogramMetricFamily(PREFIX + name, meaning, labels=labels)
            for one in self._kept[name]:
                histogram.add_metric(one.labels, _cumulated(one), sum_value=one.total)
            yield histogram

    def _gauges(self) -> Iterator[Metric]:
        now = self._now
        yield _gauge("sagas", "Sagas on their way; 10001 is more than 10000", "status", now.live)
        yield _gauge("sagas_parked", "Due sagas that wait for something; 10001 in all is more", "parked_on", now.parked)
        yield _number("sagas_due", "Sagas that wait for a worker; 10001 is more than 10000", now.due)
        yield _number("oldest_due_seconds", "How long the oldest due saga has waited", now.oldest_due_seconds)
        yield _number("drains", "Drains that are alive", now.drains)
        yield _number("calls_in_flight", "Calls that are out, at the drains' last heartbeats", now.calls_in_flight)
        yield _gauge("bulks", "Bulk acts that have not ended", "status", now.bulks)
        yield from _participants(now.participants)
        if now.dispatcher_beat is not None:
            beat = now.dispatcher_beat.timestamp()
            yield _number("dispatcher_last_beat_timestamp_seconds", "When a dispatcher last looked", beat)


def _cumulated(one: Kept) -> list[tuple[str, float]]:
    bounds = [*(f"{bound:g}" for bound in BOUNDS[one.name]), "+Inf"]
    return [(bound, sum(one.buckets[: number + 1])) for number, bound in enumerate(bounds)]


def _participants(participants: list[Taking]) -> Iterator[Metric]:
    for name, meaning, values in (
        (
            "participant_max_in_flight",
            "Calls that a participant takes at once",
            {p.name: p.max_in_flight for p in participants},
        ),
        (
            "participant_slots_taken",
            "Calls to it that workers may have out now",
            {p.name: p.granted for p in participants},
        ),
        ("participant_paused", "Whether a person has paused it", {p.name: p.paused for p in participants}),
        ("participant_circuit_open", "Whether its circuit is open", {p.name: p.is_open for p in participants}),
    ):
        yield _gauge(name, meaning, "participant", values)


def _redis() -> Iterator[Metric]:
    """The queue's length, unless Redis is away."""
    try:
        waiting = len(dispatch.queue())
    except RedisError as error:
        logger.warning("metrics: Redis cannot be reached: %s", error)
        yield _number("redis_up", "Whether Redis answers", 0)
        return
    yield _number("redis_up", "Whether Redis answers", 1)
    yield _number("wakeups_queued", "Wake-ups that no worker has taken yet", waiting)


def _gauge(name: str, meaning: str, label: str, values: Mapping[Any, int]) -> Metric:
    gauge = GaugeMetricFamily(PREFIX + name, meaning, labels=[label])
    for value, number in values.items():
        gauge.add_metric([str(value)], number)
    return gauge


def _number(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, meaning, value=value)
