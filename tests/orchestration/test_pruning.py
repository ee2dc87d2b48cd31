"""What would pile up is bounded: the log of webhooks by age and number, ends that nobody tells by number."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from orchestration import announcements, webhooks
from orchestration.models import Announcement, EngineState, Saga, WebhookDelivery, WebhookEndpoint
from orchestration.store.pruning import first_id_at
from orchestration.sweep import sweep
from tests.orchestration.scripted import World, admin, define, run_until_quiet, start

State = WebhookDelivery.State
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def small(settings: Any) -> Any:
    settings.SAGA_WEBHOOK_LOG_AGE, settings.SAGA_WEBHOOK_LOG_ROWS = timedelta(days=30), 5
    settings.SAGA_ANNOUNCEMENTS = 3
    return settings


def delivery(days_ago: float, state: str = State.DELIVERED, seq: int = 1) -> WebhookDelivery:
    """Of a saga that was launched and ended so long ago."""
    at = datetime.now(UTC) - timedelta(days=days_ago)
    endpoint, _new = WebhookEndpoint.objects.get_or_create(
        name="shop", defaults={"url": "http://127.0.0.1:9", "events": ["completed"], "secret": "s", "enabled": False}
    )
    return WebhookDelivery.objects.create(
        saga_id=UUID(int=first_id_at(at).int + seq), seq=seq, endpoint=endpoint, event="completed", at=at, state=state,
        due_at=at if state == State.PENDING else None,
    )  # fmt: skip


def again() -> None:
    """The next turn."""
    EngineState.objects.filter(name="pruned").update(at=Now() - timedelta(minutes=1))
    sweep()


def test_what_is_over_leaves_the_log_after_its_time(db: None, small: Any) -> None:
    for state in (State.DELIVERED, State.FAILED):
        delivery(31, state)
    waiting, young = delivery(31, State.PENDING, seq=2), delivery(29)
    WebhookDelivery.objects.create(  # of a saga that was launched long ago, and ended today
        saga_id=first_id_at(datetime.now(UTC) - timedelta(days=60)), seq=9, endpoint=young.endpoint,
        event="completed", at=Now(), state=State.DELIVERED,
    )  # fmt: skip
    sweep()
    assert set(WebhookDelivery.objects.values_list("seq", "state")) == {
        (waiting.seq, "pending"), (young.seq, "delivered"), (9, "delivered"),
    }  # fmt: skip


def test_the_log_holds_so_many_and_the_oldest_go_first(db: None, small: Any) -> None:
    for days_ago in range(1, 9):
        delivery(days_ago, seq=days_ago)
    delivery(20, State.PENDING, seq=20)
    sweep()
    assert sorted(WebhookDelivery.objects.values_list("seq", flat=True)) == [1, 2, 3, 4, 5, 20]


def ended(count: int) -> list[Saga]:
    sagas = [start(order=number) for number in range(count)]
    run_until_quiet()
    return sagas


def test_ends_that_nobody_comes_to_tell_do_not_pile_up(
    engine: World, small: Any, caplog: pytest.LogCaptureFixture
) -> None:
    define("one")
    announcements.listen(announcements.AMQP)
    sagas = ended(5)
    with caplog.at_level(logging.WARNING):
        again()
    assert "2 ends of sagas were not told and are dropped" in caplog.text
    pile = announcements.pile(announcements.AMQP)
    assert (pile.waiting, pile.dropped) == (3, 2)
    assert pile.oldest_at is not None
    assert [one.saga_id for one in announcements.take(announcements.AMQP, 10)] == [saga.pk for saga in sagas[2:]]
    ended(1)
    again()
    assert announcements.pile(announcements.AMQP).dropped == 3


def test_one_dispatcher_takes_the_turn(engine: World, small: Any) -> None:
    define("one")
    announcements.listen(announcements.AMQP)
    again()
    ended(5)
    sweep()
    assert Announcement.objects.count() == 5


def test_telling_costs_the_record_no_statement(engine: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the rows themselves: one for each end, and each who wants to hear of it."""
    told: list[str] = []
    execute = psycopg.AsyncCursor.execute

    async def counting(self: Any, query: Any, *more: Any, **options: Any) -> Any:
        told.append(str(query))
        return await execute(self, query, *more, **options)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", counting)
    define("one", "two")
    ended(1)
    silent = [query for query in told if "orchestration_event" in query or "webhook" in query]
    told.clear()
    announcements.listen(announcements.AMQP)
    webhooks.change(name="shop", actor=admin(), url="http://127.0.0.1:9/hook")
    ended(1)
    loud = [query for query in told if "orchestration_event" in query or "webhook" in query]
    assert len(silent) == len(loud) > 0
    assert (Announcement.objects.count(), WebhookDelivery.objects.count()) == (1, 1)
    ended(5)
    with CaptureQueriesContext(connection) as afterwards:
        announcements.forget(announcements.AMQP, announcements.take(announcements.AMQP, 200))
    assert len(afterwards) == 4
    assert not Announcement.objects.exists()


def test_an_end_of_a_saga_that_is_stored_no_more_is_forgotten(db: None) -> None:
    Announcement.objects.create(
        channel=announcements.AMQP, saga_id=first_id_at(NOON), seq=1, status="completed", at=NOON
    )
    assert announcements.take(announcements.AMQP, 10) == []
    assert not Announcement.objects.exists()
