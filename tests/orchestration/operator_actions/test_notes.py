"""Notes: kept in the journal at any time, and nothing moves by them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, connections, transaction

from orchestration.core.states import SagaStatus
from orchestration.models import AuditEntry, Saga
from orchestration.operator_actions import MAX_NOTE, Conflict, WrongAct, note
from tests.cast import Cast
from tests.orchestration.scripted import World, act, admin, again, define, run_until_quiet, start

TEXT = "called the carrier: they look into it"


def test_a_note_stands_in_the_journal_with_its_writer(engine: World, cast: Cast) -> None:
    saga = start(define("one"))
    note(saga_id=saga.pk, actor=cast.operator.actor, text=f"  {TEXT}\n")
    row = saga.events.get(kind="note")
    assert (row.actor, row.reason, row.moves, row.status, row.seq) == ("operator", TEXT, "", "pending", 2)
    audit = AuditEntry.objects.get(act="note")
    assert (audit.granted, audit.reason, audit.saga_id) == (True, TEXT, saga.pk)


def test_a_note_changes_nothing_that_an_act_or_an_owner_looks_at(engine: World) -> None:
    saga = again(start(define("one")))
    note(saga_id=saga.pk, actor=admin(), text=TEXT)
    seen = Saga.objects.get(pk=saga.pk)
    assert seen.journal_length == saga.journal_length + 1
    for name in ("revision", "outside_writes", "epoch", "status", "due_at"):
        assert getattr(seen, name) == getattr(saga, name)
    act("pause", saga, revision=saga.revision)


def test_an_ended_saga_takes_notes_and_nothing_else(engine: World) -> None:
    saga = start(define("one"))
    run_until_quiet()
    note(saga_id=saga.pk, actor=admin(), text=TEXT)
    assert saga.events.order_by("-seq")[0].kind == "note"
    details = {"edit-and-retry": {"input": {}}, "resolve": {"outcome": "applied"}, "approve": {"outcome": "approved"},
               "abandon": {"confirm": str(saga.pk)}}  # fmt: skip
    for name in ("retry", "compensate", "skip", "pause", "resume", *details):
        with pytest.raises(Conflict, match="the saga has ended: completed"):
            act(name, saga, details=details.get(name, {}))
    assert again(saga).status == SagaStatus.COMPLETED


def test_a_note_while_the_owner_writes_loses_neither(engine: World) -> None:
    """The owner's write waits for the note's row, and then numbers its own row after it."""
    saga = start(define("one"))
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            note(saga_id=saga.pk, actor=admin(), text=TEXT)
            pausing = pool.submit(_pause_elsewhere, saga)
            _wait_until_somebody_waits_for_the_row()
        pausing.result()
    assert list(saga.events.order_by("seq").values_list("seq", "kind")) == [(1, "launched"), (2, "note"), (3, "pause")]


def _pause_elsewhere(saga: Saga) -> None:
    try:
        act("pause", saga)
    finally:
        connections.close_all()


def _wait_until_somebody_waits_for_the_row() -> None:
    with connection.cursor() as cursor:
        for _look in range(100_000):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return
    raise AssertionError("nobody waits")


def test_a_note_is_not_who_changed_the_saga_last(engine: World, cast: Cast) -> None:
    saga = again(start(define("one")))
    act("pause", saga)
    note(saga_id=saga.pk, actor=cast.operator.actor, text=TEXT)
    with pytest.raises(Conflict) as conflict:
        act("resume", saga, revision=saga.revision)
    assert (conflict.value.changed_by, conflict.value.last_act) == ("admin", "pause")


@pytest.mark.parametrize("text", ["", "  \n", "x" * (MAX_NOTE + 1), "a\0b", "\ud800", None, 7])
def test_a_wrong_text_is_refused(engine: World, text: str) -> None:
    saga = start(define("one"))
    with pytest.raises(WrongAct) as wrong:
        note(saga_id=saga.pk, actor=admin(), text=text)
    assert wrong.value.field == "text"
    assert not saga.events.filter(kind="note").exists()


def test_a_viewer_writes_none_and_that_is_audited(engine: World, cast: Cast) -> None:
    saga = start(define("one"))
    with pytest.raises(PermissionDenied):
        note(saga_id=saga.pk, actor=cast.viewer.actor, text=TEXT)
    assert not saga.events.filter(kind="note").exists()
    assert AuditEntry.objects.get(act="note", actor="viewer").granted is False
