"""An older database is restored, while a participant remembers what came after: `manage.py saga advance-epochs`."""

from collections.abc import Iterator
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from orchestration.core.states import SagaStatus
from orchestration.identifiers import uuid7
from orchestration.models import AuditEntry, Participant, Saga
from tests.orchestration.scripted import World, act, again, define, no, run_until_quiet, start
from tests.orchestration.services import RESERVE, WANTED, effects, to
from tests.participants_demo.running import Participant as Service
from tests.participants_demo.running import own_database, running

TABLES = ("saga", "sagadata", "step", "attempt", "event")


def advance() -> str:
    said = StringIO()
    call_command("saga", "advance-epochs", stdout=said)
    return said.getvalue()


class Backup:
    """The rows of all sagas as they stand, to be put back as they were."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"CREATE TABLE backup_{table} AS SELECT * FROM orchestration_{table}")  # noqa: S608

    def restore(self) -> None:
        with connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"TRUNCATE orchestration_{table}")
                cursor.execute(f"INSERT INTO orchestration_{table} SELECT * FROM backup_{table}")  # noqa: S608


@pytest.fixture
def backup(engine: World) -> Iterator[Any]:
    yield Backup
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DROP TABLE IF EXISTS backup_{table}")


@pytest.fixture
def inventory(engine: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Without a status endpoint, so that nothing but the call itself can tell what was done."""
    with own_database("inventory") as database, running("inventory", database, tmp_path_factory.mktemp("logs")) as one:
        Participant.objects.create(name="inventory", transport="http", base_url=one.url)
        yield one


def begun(backup: Any) -> tuple[Saga, Any]:
    """A saga whose backup was taken before its first call; since then it was claimed often, and is stuck."""
    name = define(to(RESERVE, timeout=5), "two")
    saga = start(name, **WANTED)
    taken = backup()
    Saga.objects.update(epoch=41)  # as many claims, of which the participant has seen the last
    run_until_quiet()
    return again(saga), taken


# -- with a real participant's barrier --------------------------------------------------------------------------


@pytest.mark.slow
def test_a_restored_saga_is_shut_out_by_the_barrier(inventory: Service, backup: Any) -> None:
    """Why the command is needed."""
    saga, taken = begun(backup)
    taken.restore()
    run_until_quiet()
    assert (again(saga).status, saga.stuck_code) == (SagaStatus.STUCK, "stale_epoch")


@pytest.mark.slow
def test_with_its_epoch_advanced_it_goes_on_and_does_nothing_twice(inventory: Service, backup: Any) -> None:
    saga, taken = begun(backup)
    assert saga.status == SagaStatus.COMPLETED
    taken.restore()
    assert again(saga).status == SagaStatus.PENDING
    assert advance() == "advanced the epochs of 1 live sagas\n"
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert effects({"inventory": inventory}, saga) == ["reserve"]


@pytest.mark.slow
def test_the_same_backup_restored_twice(inventory: Service, backup: Any) -> None:
    saga, taken = begun(backup)
    for _time in range(2):
        taken.restore()
        advance()
        run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED
    assert effects({"inventory": inventory}, saga) == ["reserve"]


# -- the rows ---------------------------------------------------------------------------------------------------


def test_every_live_saga_is_advanced_and_no_ended_one(engine: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.restoring.PORTION", 2)
    name = define("one")
    engine.will("one", no())
    engine.will("one", no(), direction="compensation")
    stuck = start(name)
    run_until_quiet()
    ended = start(name)
    run_until_quiet()
    pending = [start(name) for _number in range(4)]
    before = dict(Saga.objects.values_list("pk", "epoch"))
    assert advance() == "advanced the epochs of 5 live sagas\n"
    after = dict(Saga.objects.values_list("pk", "epoch"))
    assert after.pop(ended.pk) == before.pop(ended.pk)
    assert all(after[saga_id] > 10**12 for saga_id in before)
    assert again(stuck).status == SagaStatus.STUCK
    assert {saga.events.order_by("-seq")[0].kind for saga in (stuck, *pending)} == {"epoch_advanced"}
    assert again(pending[0]).journal_length == pending[0].events.count() == 2


def test_a_second_time_it_is_higher_still(engine: World) -> None:
    saga = start(define("one"))
    seen = []
    for _time in range(3):
        advance()
        seen.append(again(saga).epoch)
    assert seen == sorted(set(seen))


def test_an_epoch_that_is_ahead_of_the_time_still_grows(engine: World) -> None:
    saga = start(define("one"))
    Saga.objects.update(epoch=10**15)
    advance()
    assert again(saga).epoch == 10**15 + 1


def test_what_a_drain_of_then_owned_is_free(engine: World) -> None:
    saga = start(define("one"))
    Saga.objects.update(status="running", drain_id=uuid7(), due_at=None, started_at=Now(), epoch=F("epoch") + 1)
    advance()
    assert again(saga).drain_id is None
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPLETED


def test_stuck_sagas_are_retried_under_the_new_epoch(engine: World) -> None:
    engine.will("one", no())
    engine.will("one", no(), direction="compensation")
    saga = start(define("one"))
    run_until_quiet()
    advance()
    advanced = again(saga).epoch
    act("retry", saga)
    run_until_quiet()
    assert again(saga).status == SagaStatus.COMPENSATED
    assert engine.commands[-1].epoch > advanced


def test_it_stands_in_the_audit(engine: World) -> None:
    call_command("saga", "advance-epochs", "--reason", "the disk died", stdout=StringIO())
    entry = AuditEntry.objects.get(act="advance epochs")
    assert (entry.actor, entry.via, entry.reason, entry.subject) == (
        "manage.py saga", "command", "the disk died", "0 live sagas",
    )  # fmt: skip
    assert entry.saga_id is None
    assert isinstance(entry.pk, UUID)
