"""The audit's chain: whoever changes a row, even with every right in the database, is found out by name."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now

from orchestration import audit, audit_chain
from orchestration.audit_chain import Kind, sealing
from orchestration.audit_chain.patrol import OUTSIDE_OF_THE_CHAIN
from orchestration.identifiers import uuid7
from orchestration.models import AuditEntry, AuditLink, AuditWaiting
from tests.cast import Cast, make_cast


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def rows(cast: Cast) -> list[UUID]:
    """Ids of the audit rows in the order of the chain: the tokens of the cast, and six acts. All are sealed."""
    for number in range(6):
        audit.write(
            actor=cast.operator.actor, act="pause", subject=f"saga {number}", granted=number != 3, reason=f"é {number}",
            saga_id=uuid7(), before={"status": "running", "n": 1.5}, after={"status": "stuck"},
        )  # fmt: skip
    audit_chain.seal()
    return list(AuditLink.objects.order_by("position").values_list("entry_id", flat=True))


def as_owner(statement: str, *values: Any) -> None:
    """Past every trigger, as whoever owns the tables or the server can."""
    tables = ("orchestration_auditentry", "orchestration_auditlink")
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, values)
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_every_row_is_sealed_once_in_order(rows: list[UUID]) -> None:
    assert rows == sorted(AuditEntry.objects.values_list("pk", flat=True))
    assert list(AuditLink.objects.order_by("position").values_list("position", flat=True)) == [*range(1, len(rows) + 1)]
    assert not AuditWaiting.objects.exists()
    assert audit_chain.seal() == 0
    found = audit_chain.verify()
    assert (found.position, found.broken) == (len(rows), None)


def test_batches_make_one_chain(rows: list[UUID], cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 2)
    for number in range(5):
        audit.write(actor=cast.admin.actor, act="note", subject=str(number), granted=True)
    assert audit_chain.seal() == 5
    assert audit_chain.verify().position == len(rows) + 5


def test_a_row_that_is_written_late_with_an_early_id_is_sealed_too(rows: list[UUID]) -> None:
    early = AuditEntry.objects.create(id=UUID(int=1), actor="late", act="x", subject="y", granted=True, via="test")
    assert audit_chain.seal() == 1
    assert AuditLink.objects.get(position=len(rows) + 1).entry_id == early.pk
    assert audit_chain.verify().broken is None


def test_the_triggers_forbid_every_change(rows: list[UUID]) -> None:
    for statement in (
        "UPDATE orchestration_auditentry SET reason = 'x'", "DELETE FROM orchestration_auditentry",
        "UPDATE orchestration_auditlink SET digest = 'x'", "DELETE FROM orchestration_auditlink",
    ):  # fmt: skip
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.parametrize(
    "change",
    ["reason = 'another'", "actor = 'somebody'", "granted = NOT granted", "at = at + interval '1 microsecond'",
     "before = '{}'", "after = NULL", "subject = ''", "act = 'x'", "via = 'x'", "saga_id = NULL"],
)  # fmt: skip
def test_a_changed_row_is_named(rows: list[UUID], change: str) -> None:
    as_owner(f"UPDATE orchestration_auditentry SET {change} WHERE id = %s", rows[-3])  # noqa: S608  the test's own words
    broken = audit_chain.verify().broken
    assert broken is not None
    assert (broken.kind, broken.position, broken.entry_id) == (Kind.CHANGED, len(rows) - 2, rows[-3])
    with pytest.raises(CommandError, match=str(rows[-3])):
        call_command("audit", "verify")


def test_the_first_of_two_is_named(rows: list[UUID]) -> None:
    as_owner("UPDATE orchestration_auditentry SET reason = 'x' WHERE id IN (%s, %s)", rows[-1], rows[-4])
    assert audit_chain.verify().broken == audit_chain.Broken(Kind.CHANGED, len(rows) - 3, rows[-4])


def test_a_deleted_row_is_named(rows: list[UUID]) -> None:
    as_owner("DELETE FROM orchestration_auditentry WHERE id = %s", rows[2])
    assert audit_chain.verify().broken == audit_chain.Broken(Kind.DELETED, 3, rows[2])


def test_a_row_deleted_together_with_its_link_leaves_a_gap(rows: list[UUID]) -> None:
    as_owner("DELETE FROM orchestration_auditentry WHERE id = %s", rows[2])
    as_owner("DELETE FROM orchestration_auditlink WHERE position = 3")
    assert audit_chain.verify().broken == audit_chain.Broken(Kind.LINK_MISSING, 3, None)


def test_a_row_deleted_before_it_was_sealed_is_named(rows: list[UUID], cast: Cast) -> None:
    gone = audit.write(actor=cast.admin.actor, act="abandon", subject="x", granted=True).pk
    as_owner("DELETE FROM orchestration_auditentry WHERE id = %s", gone)
    audit_chain.seal()
    assert audit_chain.verify().broken == audit_chain.Broken(Kind.DELETED, len(rows) + 1, gone)


def test_a_row_slipped_in_past_the_trigger_is_named(rows: list[UUID]) -> None:
    stranger = uuid7()
    as_owner(
        "INSERT INTO orchestration_auditentry (id, at, actor, act, subject, granted, reason, via)"
        " VALUES (%s, now(), 'a', 'b', 'c', true, '', 'd')",
        stranger,
    )
    assert audit_chain.verify().broken == audit_chain.Broken(Kind.OUTSIDE, 0, stranger)


def test_a_chain_that_was_made_again_or_cut_off_does_not_hold_the_noted_end(rows: list[UUID]) -> None:
    end = audit_chain.verify()
    noted = (end.position, end.digest)
    as_owner("DELETE FROM orchestration_auditlink WHERE position > 2")
    as_owner("DELETE FROM orchestration_auditentry WHERE id <> ALL(%s)", rows[:2])
    assert audit_chain.verify().broken is None  # nothing in it tells; only who noted its end knows
    assert audit_chain.verify(noted=noted).broken == audit_chain.Broken(Kind.HEAD, end.position, None)
    with pytest.raises(CommandError, match="that you noted"):
        call_command("audit", "verify", "--noted", f"{noted[0]}:{noted[1]}")


def test_the_command_says_how_far_and_gives_the_end(rows: list[UUID], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("audit", "verify")
    said = capsys.readouterr().out
    assert f"{len(rows)} rows verified, 0 wait to be sealed" in said
    end = said.split("end of the chain: ")[1].strip()
    call_command("audit", "verify", "--noted", end)
    with pytest.raises(CommandError, match="NUMBER:DIGEST"):
        call_command("audit", "verify", "--noted", "nonsense")


def patrolled() -> audit_chain.State:
    """The state after one whole round."""
    while (found := audit_chain.patrol(rest=timedelta(0))) is not None:
        state = audit_chain.state()
        if found.broken or state.verified_at:
            break
    return audit_chain.state()


def test_the_patrol_comes_round_and_rests(rows: list[UUID]) -> None:
    state = patrolled()
    assert (state.sealed, state.verified, state.broken_at) == (len(rows), len(rows), None)
    assert audit_chain.patrol() is None


def test_the_patrol_finds_what_was_changed_and_what_was_put_right(rows: list[UUID]) -> None:
    reason = AuditEntry.objects.get(pk=rows[-1]).reason
    as_owner("UPDATE orchestration_auditentry SET reason = 'x' WHERE id = %s", rows[-1])
    assert patrolled().broken_at == len(rows)
    as_owner("UPDATE orchestration_auditentry SET reason = %s WHERE id = %s", reason, rows[-1])
    assert patrolled().broken_at is None


def test_the_patrol_finds_what_was_slipped_in(rows: list[UUID]) -> None:
    AuditEntry.objects.bulk_create(
        [AuditEntry(id=uuid7(), at=Now(), actor="a", act="b", subject="c", granted=True, via="d")]
    )
    as_owner("DELETE FROM orchestration_auditwaiting")
    assert patrolled().broken_at == OUTSIDE_OF_THE_CHAIN
