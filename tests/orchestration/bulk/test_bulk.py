"""A bulk act from its frozen set to the last result."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models.functions import Now

from orchestration import bulk, dispatch, queries, tokens
from orchestration.bulk import WrongBulk
from orchestration.bulk.making import Chosen
from orchestration.models import ApiToken, AuditEntry, Bulk, Event, Saga, SagaData
from orchestration.queries import WrongFilter
from orchestration.sweep import sweep
from tests.cast import make_person
from tests.orchestration.bulk.sets import copies, make, one_item, results, stuck_sagas, work, worked
from tests.orchestration.scripted import World, act, admin, define, no, run_until_quiet, start


def test_each_saga_gets_the_act_and_its_own_journal_and_audit_row(engine: World) -> None:
    sagas = stuck_sagas(engine, 3)
    engine.calls.clear()
    done = worked(make("retry", sagas))
    assert (done.status, done.total, done.done, done.refused) == ("completed", 3, 3, 0)
    run_until_quiet()
    assert engine.calls == ["two"] * 3
    assert set(Saga.objects.values_list("status", flat=True)) == {"completed"}
    for saga in sagas:
        assert saga.events.filter(kind="retry", actor="admin", reason="because").count() == 1
        assert AuditEntry.objects.filter(saga_id=saga.pk, act="retry", via="bulk", granted=True).count() == 1


def test_what_no_longer_fits_is_reported_and_left_alone(engine: World) -> None:
    sagas = stuck_sagas(engine, 2)
    fine = start(define("one", name="other"))
    run_until_quiet()
    gone = uuid4()
    one = make("retry", [sagas[0], fine, gone, sagas[1]])
    act("retry", sagas[1])
    assert results(worked(one)) == ["done", "conflict", "not_found", "conflict"]
    assert [item.error for item in one.items.all()][1:] == [
        "the saga has ended: completed", "there is no such saga",
        "the saga has changed since you looked: it is at revision 4, not 3",
    ]  # fmt: skip
    assert (one.done, one.refused, one.status) == (1, 3, "completed")
    assert sagas[1].events.filter(kind="retry").count() == 1


def test_the_set_is_frozen(engine: World) -> None:
    sagas = stuck_sagas(engine, 2)
    one = make("retry", query="status=stuck")
    later = stuck_sagas(engine, 1)[0]
    assert [item.saga_id for item in worked(one).items.all()] == [saga.pk for saga in sagas]
    later.refresh_from_db()
    assert later.status == "stuck"


def test_running_it_twice_is_harmless(engine: World) -> None:
    sagas = stuck_sagas(engine, 2)
    first, second = make("retry", sagas), make("retry", sagas)
    assert results(worked(first)) == ["done", "done"]
    assert results(worked(second)) == ["conflict", "conflict"]
    work()
    assert Event.objects.filter(kind="retry").count() == 2


def test_doubled_ids_count_once_and_keep_their_order(engine: World) -> None:
    sagas = stuck_sagas(engine, 2)
    one = make("retry", [sagas[1], sagas[0], sagas[1]])
    assert [item.saga_id for item in one.items.all()] == [sagas[1].pk, sagas[0].pk]


def test_an_empty_set_is_complete_at_once(engine: World) -> None:
    one = make("retry", query="status=stuck")
    assert (one.total, one.status) == (0, "completed")
    assert one.finished_at is not None


def test_pause_means_the_same_at_every_revision(engine: World) -> None:
    saga = start(define("one", "two"))
    one = make("pause", [saga])
    Saga.objects.filter(pk=saga.pk).update(revision=17)
    assert results(worked(one)) == ["done"]


def test_a_right_taken_away_meanwhile_is_gone_for_the_rest(engine: World) -> None:
    sagas = stuck_sagas(engine, 3)
    person = make_person("operator")
    one = make("retry", sagas, by=person.actor)
    one_item()
    person.user.groups.clear()
    assert results(worked(one)) == ["done", "forbidden", "forbidden"]
    assert AuditEntry.objects.filter(act="retry", actor="operator", granted=False).count() == 2


def test_a_token_that_is_revoked_meanwhile_acts_no_more(engine: World) -> None:
    """The right is still there; but the token may have been stolen."""
    person, sagas = make_person("operator"), stuck_sagas(engine, 3)
    made = person.api.post("/bulk", {"act": "retry", "reason": "because", "ids": [str(saga.pk) for saga in sagas]})
    one_item()
    tokens.revoke(token_id=ApiToken.objects.get().pk, actor=admin())
    one = worked(Bulk.objects.get(pk=made.json()["id"]))
    assert results(one) == ["done", "forbidden", "forbidden"]
    assert one.items.last().error == "the token of operator that asked for it was revoked"  # type: ignore[union-attr]  # it has items


def test_a_user_who_is_gone_acts_no_more(engine: World) -> None:
    one = make("retry", stuck_sagas(engine, 1), by=make_person("operator").actor)
    User.objects.filter(username="operator").delete()
    assert results(worked(one)) == ["forbidden"]
    assert one.items.get().error == "operator is no user any more"


def test_without_the_right_nothing_is_frozen_and_the_audit_says_so(engine: World) -> None:
    sagas = stuck_sagas(engine, 1)
    with pytest.raises(PermissionDenied):
        make("retry", sagas, by=make_person("viewer").actor)
    assert not Bulk.objects.exists()
    assert AuditEntry.objects.filter(act="bulk", actor="viewer", granted=False).count() == 1


def test_a_bulk_leaves_an_audit_row_that_says_what_was_chosen(engine: World) -> None:
    stuck_sagas(engine, 2)
    one = make("retry", query="status=stuck&definition=story", canary=True)
    entry = AuditEntry.objects.get(act="bulk")
    assert (entry.subject, entry.granted, entry.reason) == (f"bulk {one.pk}", True, "because")
    assert entry.after == {
        "act": "retry", "total": 2, "canary": True, "details": {},
        "filter": {"status": "stuck", "definition": "story"},
    }  # fmt: skip


def test_abandon_asks_for_its_name_and_confirms_each_saga(engine: World) -> None:
    sagas = stuck_sagas(engine, 2)
    with pytest.raises(WrongBulk, match="must be 'abandon'"):
        make("abandon", sagas, details={"confirm": "yes"})
    assert results(worked(make("abandon", sagas, details={"confirm": "abandon"}))) == ["done", "done"]


@pytest.mark.parametrize(
    ("name", "more", "field"),
    [
        ("edit-and-retry", {}, "act"), ("explode", {}, "act"), ("pause", {"step": "one"}, "step"),
        ("retry", {"step": "No Name"}, "step"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(engine: World, name: str, more: dict[str, Any], field: str) -> None:
    with pytest.raises(WrongBulk) as wrong:
        make(name, [uuid4()], **more)
    assert wrong.value.field == field
    assert not Bulk.objects.exists()


def test_a_filter_that_is_wrong_freezes_nothing(engine: World) -> None:
    with pytest.raises(WrongFilter):
        make("retry", query="colour=red")
    assert not Bulk.objects.exists()


def test_more_than_a_bulk_holds_is_refused_as_a_whole(engine: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.bulk.making.MAX_ITEMS", 2)
    stuck_sagas(engine, 3)
    with pytest.raises(WrongBulk, match="narrow it"):
        make("retry", query="status=stuck")
    assert not Bulk.objects.exists()


def test_one_bad_saga_does_not_stop_the_others(engine: World) -> None:
    sagas = stuck_sagas(engine, 3)
    SagaData.objects.filter(saga=sagas[1]).delete()
    assert results(worked(make("retry", sagas))) == ["done", "error", "done"]


def test_bulks_take_turns(engine: World) -> None:
    ids = copies(stuck_sagas(engine, 1)[0], 4)
    first, second = make("retry", ids[:2]), make("retry", ids[2:])
    for expected in ([1, 0], [1, 1], [2, 1], [2, 2]):
        one_item()
        assert [Bulk.objects.get(pk=one.pk).done for one in (first, second)] == expected


def test_pages_and_drains_are_told_of_many_now_and_then(engine: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    ids = copies(stuck_sagas(engine, 1)[0], 30)
    monkeypatch.setattr(dispatch, "_announce", told.append)
    assert worked(make("retry", ids)).done == 30
    assert set(told) == {None}
    assert len(told) < 30


def test_a_draft_acts_on_nothing_until_its_maker_starts_it(engine: World) -> None:
    sagas = stuck_sagas(engine, 2)
    maker, other = make_person("operator"), make_person("other")
    one = bulk.draft("retry", chosen=Chosen(ids=[saga.pk for saga in sagas]), actor=maker.actor)
    assert (one.status, one.total) == ("draft", 2)
    work()
    with pytest.raises(Bulk.DoesNotExist):
        bulk.start(bulk_id=one.pk, actor=other.actor, reason="not mine")
    for _click in range(2):
        bulk.start(bulk_id=one.pk, actor=maker.actor, reason="go")
    assert results(worked(one)) == ["done", "done"]
    assert AuditEntry.objects.filter(act="bulk").count() == 1


def test_new_failures_are_seen(engine: World) -> None:
    sagas = stuck_sagas(engine, 3)
    engine.will("two", no("again"))
    one = worked(make("retry", sagas))
    run_until_quiet()
    assert queries.bulk_now(one.pk).outcomes == (1, 0)
    assert [item.saga_id for item in queries.items_of(one.pk, "failed_again")] == [
        Saga.objects.get(status="stuck").pk
    ]  # fmt: skip


def test_a_lost_wake_up_is_healed_by_the_dispatcher(engine: World) -> None:
    queue = dispatch.queue(dispatch.HOUSEKEEPING_QUEUE)
    make("retry", stuck_sagas(engine, 1))
    queue.connection.flushdb()
    for _round in range(2):
        sweep()
    assert queue.job_ids == [queue.jobs[0].id]
    queue.empty()
    work()
    sweep()
    assert queue.job_ids == []


def test_a_draft_that_nobody_starts_is_forgotten(engine: World) -> None:
    sagas = stuck_sagas(engine, 1)
    old, new = (bulk.draft("retry", chosen=Chosen(ids=[sagas[0].pk]), actor=admin()) for _number in range(2))
    Bulk.objects.filter(pk=old.pk).update(created_at=Now() - timedelta(hours=1))
    sweep()
    assert [one.pk for one in Bulk.objects.all()] == [new.pk]
    assert not old.items.exists()


def test_what_is_foreseen_is_what_then_happens(engine: World) -> None:
    sagas = stuck_sagas(engine, 3)
    fine = start(define("one", name="other"))
    run_until_quiet()
    one = bulk.draft("retry", chosen=Chosen(ids=[*(saga.pk for saga in sagas), fine.pk, uuid4()]), actor=admin())
    act("retry", sagas[2])
    found = bulk.foreseen(one, admin())
    assert (found.looked_at, found.fit) == (4, 2)
    assert dict(found.calls) == {("two", "action", "scripted"): 2}
    assert dict(found.reasons) == {
        "the saga has changed since the set was made": 1, "the saga has ended: completed": 1,
        "there is no such saga": 1,
    }  # fmt: skip
    bulk.start(bulk_id=one.pk, actor=admin(), reason="go")
    assert (worked(one).done, one.refused) == (found.fit, 3)


def test_of_a_large_set_some_are_looked_at(engine: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.bulk.foresight.LOOKED_AT", 4)
    ids = copies(stuck_sagas(engine, 1)[0], 10)
    one = bulk.draft("retry", chosen=Chosen(ids=[UUID(one) for one in ids]), actor=admin())
    assert bulk.foreseen(one, admin()).looked_at == 4
