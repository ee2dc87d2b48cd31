"""Workers and queue: what PostgreSQL and Redis say of who works, and nothing to press."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue

from orchestration import dispatch
from orchestration.console import queue_there
from orchestration.identifiers import uuid7
from orchestration.models import Drain, EngineState, Saga, SagaDefinition
from orchestration.store.figures import Figures, add_now
from orchestration.worker import SagaWorker, SignedJSON
from tests.cast import Cast
from tests.console.rows import make_saga


def workers_page(cast: Cast) -> Any:
    return cast.viewer.browser.get("/workers/")


@pytest.fixture
def queue() -> Any:
    """The drains' queue, empty before and after."""
    queue = dispatch.queue()
    queue.connection.flushdb()
    yield queue
    queue.connection.flushdb()


def test_drains_with_and_without_a_lease(cast: Cast, queue: Queue) -> None:
    now = timezone.now()
    for host, left, out in (("alive", 60, 7), ("dead", -5, 3)):
        Drain.objects.create(id=uuid7(), until=now + timedelta(seconds=left), host=host, pid=11, in_flight=out)
    response = workers_page(cast)
    leases = {lease.host: lease for lease in response.context["room"].leases}
    assert (leases["alive"].is_dead, leases["dead"].is_dead) == (False, True)
    assert (leases["alive"].in_flight, response.context["room"].now.calls_in_flight) == (7, 7)
    assert "1 dead lease" in response.content.decode()


def test_due_and_parked_sagas_are_counted_by_reason(cast: Cast, queue: Queue, definition: SagaDefinition) -> None:
    now = timezone.now()
    make_saga(definition, "running", ["due", "pending", "pending"], due_at=now - timedelta(seconds=90))
    make_saga(definition, "running", ["due", "pending", "pending"], due_at=now, parked_on="participant:payments")
    room = workers_page(cast).context["room"]
    assert room.now.due == 1
    assert room.now.oldest_due_seconds >= 90
    assert room.now.parked == {"participant:payments": 1}


def test_workers_and_wake_ups_come_from_redis(cast: Cast, queue: Queue) -> None:
    worker = SagaWorker([queue], connection=queue.connection, serializer=SignedJSON)
    worker.register_birth()  # type: ignore[no-untyped-call]
    dispatch.enqueue_drain()
    told = workers_page(cast).context["room"].told
    assert [(row.name, row.pid, row.queues) for row in told.workers] == [(worker.name, worker.pid, ["drain"])]
    assert [(row.name, row.waiting) for row in told.queues if row.name == "drain"] == [("drain", 1)]
    assert len(queue) == 1  # to look takes nothing away


def test_without_workers_the_page_says_what_to_do(cast: Cast, queue: Queue) -> None:
    html = workers_page(cast).content.decode()
    assert "No worker is running" in html
    assert "never seen" in html
    EngineState.objects.create(name="dispatcher")
    assert "never seen" not in workers_page(cast).content.decode()


def test_without_redis_the_page_stands_and_says_so(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    monkeypatch.setattr(dispatch, "_redis", lambda: away)
    response = workers_page(cast)
    assert response.status_code == 200
    assert "The queue (Valkey or Redis) cannot be reached" in response.content.decode()


def test_without_redis_every_page_says_that_work_may_start_late(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_there, "_heard", queue_there._Heard())
    assert "may start late" not in cast.viewer.browser.get("/audit/").content.decode()
    away = Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    monkeypatch.setattr(dispatch, "_redis", lambda: away)
    monkeypatch.setattr(queue_there, "_heard", queue_there._Heard())
    assert "Launches and acts are kept; new work may start late." in cast.viewer.browser.get("/audit/").content.decode()


def test_what_was_healed_and_refused_is_counted(cast: Cast, queue: Queue) -> None:
    figures = Figures()
    figures.count("healed_total", "enqueued", by=3)
    add_now(figures)
    EngineState.objects.create(name="stale_writes", value=2)
    room = workers_page(cast).context["room"]
    assert dict(room.healed)["wake-ups that were lost"] == 3
    assert dict(room.refused)["writes of workers that had lost their sagas"] == 2


def test_nothing_can_be_pressed(cast: Cast, queue: Queue, stuck: Saga) -> None:
    html = cast.admin.browser.get("/workers/").content.decode()
    main = html[html.index('id="content"') : html.index("</main>")]
    assert "<form" not in main
    assert "hx-post" not in main
    assert cast.admin.browser.post("/workers/").status_code == 405
