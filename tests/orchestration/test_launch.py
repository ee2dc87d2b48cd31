"""Launch: once per key, whole or not at all, and announced after the commit."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import DatabaseError, connections, transaction

from orchestration import dispatch
from orchestration.launch import KeyReused, Launched, UnknownDefinition, WrongInput, launch
from orchestration.models import AuditEntry, Event, LaunchKey, Saga, SagaDefinition
from orchestration.operator_actions import Conflict, perform
from orchestration.participants.function import Refusal
from tests.orchestration.scripted import World, admin, define, run_until_quiet, start, steps_of

pytestmark = pytest.mark.usefixtures("engine")


def launch_story(key: str | None = None, **saga_input: object) -> Launched:
    try:
        return launch(definition="story", saga_input=saga_input, idempotency_key=key, trigger="test", launched_by="me")
    finally:
        if not transaction.get_connection().in_atomic_block:
            connections.close_all()


def test_a_launch_is_whole() -> None:
    define("one", "two", business_key="order_id")
    saga = launch_story(order_id="o-17").saga
    assert (saga.status, saga.business_key, saga.epoch) == ("pending", "o-17", 0)
    assert steps_of(saga) == {"one": "due", "two": "pending"}
    assert saga.data.input == {"order_id": "o-17"}
    assert saga.deadline_at > saga.created_at
    assert [event.moves for event in saga.events.all()] == ["0:pending>due"]


def test_twenty_launches_at_once_with_one_key_make_one_saga() -> None:
    define("one")
    with ThreadPoolExecutor(20) as pool:
        launched = list(pool.map(lambda _number: launch_story("k-1", n=1), range(20)))
    assert len({one.saga_id for one in launched}) == 1
    assert sum(one.created for one in launched) == 1
    assert Saga.objects.count() == 1


def test_the_same_key_with_another_body_is_refused_and_stores_nothing() -> None:
    define("one")
    launch_story("k-1", n=1)
    with pytest.raises(KeyReused):
        launch_story("k-1", n=2)
    assert Saga.objects.count() == LaunchKey.objects.count() == 1


def test_the_key_is_free_again_when_its_launch_was_rolled_back() -> None:
    define("one")
    with transaction.atomic():
        launch_story("k-1", n=1)
        transaction.set_rollback(True)
    assert launch_story("k-1", n=2).created


def test_wrong_input_names_the_field() -> None:
    schema = {"type": "object", "required": ["qty"], "properties": {"qty": {"type": "integer", "minimum": 1}}}
    define("one", input_schema=schema)
    with pytest.raises(WrongInput) as wrong:
        launch_story(qty=0)
    assert [problem.place for problem in wrong.value.problems] == ["input.qty"]
    assert not Saga.objects.exists()


def test_an_unknown_definition_or_version_is_named() -> None:
    define("one")
    with pytest.raises(UnknownDefinition, match="story version 9"):
        launch(definition="story", saga_input={}, version=9, trigger="test", launched_by="me")


@pytest.fixture
def redis_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The drain queue's connection leads to a port where nobody listens."""
    monkeypatch.setitem(settings.RQ_QUEUES["drain"], "URL", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(dispatch, "_redis", dispatch._redis.__wrapped__)


@pytest.mark.usefixtures("redis_away")
def test_while_redis_is_away_launches_are_kept_and_drains_go_on() -> None:
    saga = start(define("one"))
    assert dispatch.enqueue_drain() is False
    run_until_quiet()
    saga.refresh_from_db()
    assert saga.status == "completed"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orchestration_saga SET status = 'nonsense'",
        "UPDATE orchestration_saga SET status = 'completed'",
        "UPDATE orchestration_saga SET status = 'stuck', due_at = NULL",
        "UPDATE orchestration_saga SET drain_id = id",
        "UPDATE orchestration_step SET status = 'nonsense'",
        "UPDATE orchestration_event SET moves = ''",
        "UPDATE orchestration_sagadefinition SET document = '{}'",
        "DELETE FROM orchestration_sagadefinition",
        "UPDATE orchestration_definitionstep SET action = 'other'",
        "UPDATE orchestration_auditentry SET reason = ''",
        "DELETE FROM orchestration_auditentry",
    ],
)
def test_the_database_forbids_what_may_never_be(statement: str) -> None:
    start(define("one"))
    assert AuditEntry.objects.exists()
    with pytest.raises(DatabaseError), transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(statement)
    assert SagaDefinition.objects.count() == Event.objects.count() == 1


def test_two_people_retrying_at_the_same_moment_do_it_once(engine: World) -> None:
    engine.will("two", Refusal("no"))
    engine.will("two", Refusal("already gone"), direction="compensation")
    saga = start(define("one", "two"))
    run_until_quiet()
    saga.refresh_from_db()
    actor = admin()

    def press(_number: int) -> str:
        try:
            perform("retry", saga_id=saga.pk, actor=actor, reason="stuck", revision=saga.revision)
        except Conflict as conflict:
            return conflict.changed_by
        finally:
            connections.close_all()
        return "won"

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(press, range(2)))
    assert sorted(told) == ["admin", "won"]
    assert sorted(AuditEntry.objects.filter(saga_id=saga.pk).values_list("granted", flat=True)) == [False, True]
