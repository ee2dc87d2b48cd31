"""Who looks after a group of failures, and what is known of it: written down, audited, never lost to a quicker one."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from orchestration import failure_care
from orchestration.failure_care import ChangedMeanwhile, NoSuchGroup
from orchestration.models import AuditEntry, FailureGroup, Saga
from orchestration.operator_actions import WrongAct
from orchestration.queries import failures
from tests.cast import Cast

PAGE = reverse("console:failure_groups")


@pytest.fixture
def key(past_pivot: Saga) -> str:
    [group] = failures.failure_groups(failures.STUCK)
    return group.key


def look_after(cast: Cast, key: str, **said: Any) -> FailureGroup:
    wanted: dict[str, Any] = {
        "actor": cast.operator.actor,
        "owner": "operator",
        "note": "call the carrier",
        "revision": 0,
    } | said
    return failure_care.look_after(kind=failures.STUCK, key=key, **wanted)


def test_owner_and_note_are_kept_audited_and_shown(cast: Cast, key: str) -> None:
    browser, address = cast.operator.browser, reverse("console:failure_group", args=[key])
    assert "nobody" in browser.get(PAGE).content.decode()
    said = {"owner": "admin", "note": "call <the> carrier", "revision": 0}
    assert browser.post(address, said)["Location"] == PAGE
    page = cast.viewer.browser.get(PAGE).content.decode()
    assert "call &lt;the&gt; carrier" in page
    assert ">admin<" in page
    [row] = AuditEntry.objects.filter(act="look after failures")
    assert (row.actor, row.granted, row.subject) == ("operator", True, f"failure group {key}")
    assert row.before == {"owner": "", "note": ""}
    assert row.after is not None
    assert row.after["group"]["step"] == "ship"
    assert (row.after["owner"], row.after["note"]) == ("admin", "call <the> carrier")


def test_they_are_still_there_when_the_same_failure_comes_again(cast: Cast, key: str, past_pivot: Saga) -> None:
    look_after(cast, key)
    Saga.objects.filter(pk=past_pivot.pk).update(status="running", due_at="2026-01-01T00:00Z", stuck_code="")
    assert "call the carrier" not in cast.viewer.browser.get(PAGE).content.decode()
    assert failure_care.known(failures.STUCK, key).note == "call the carrier"


def test_who_was_slower_is_told_and_loses_nothing(cast: Cast, key: str) -> None:
    look_after(cast, key)
    with pytest.raises(ChangedMeanwhile, match="operator"):
        look_after(cast, key, note="mine")
    address = reverse("console:failure_group", args=[key])
    late = cast.admin.browser.post(address, {"owner": "", "note": "typed by admin", "revision": 0})
    page = late.content.decode()
    assert late.status_code == 409
    assert "operator has changed it meanwhile" in page
    assert "call the carrier" in page
    assert "typed by admin</textarea>" in page
    assert 'name="revision" value="1"' in page
    again = cast.admin.browser.post(
        address, {"owner": "", "note": "typed by admin", "revision": 1}, headers={"HX-Request": "true"}
    )
    assert (again.status_code, "acted" in again["HX-Trigger"]) == (204, True)
    assert FailureGroup.objects.get(key=key).note == "typed by admin"


def test_a_viewer_reads_and_does_not_write(cast: Cast, key: str) -> None:
    look_after(cast, key)
    address = reverse("console:failure_group", args=[key])
    page = cast.viewer.browser.get(address).content.decode()
    assert "call the carrier" in page
    assert "<textarea" not in page
    assert cast.viewer.browser.post(address, {"owner": "", "note": "", "revision": 1}).status_code == 403
    with pytest.raises(PermissionDenied):
        look_after(cast, key, actor=cast.stranger.actor)
    assert AuditEntry.objects.filter(act="look after failures", granted=False).count() == 2
    assert FailureGroup.objects.get(key=key).revision == 1


@pytest.mark.parametrize(
    ("said", "place"),
    [({"owner": "viewer"}, "owner"), ({"owner": "ghost"}, "owner"), ({"note": "x" * 1001}, "note"),
     ({"note": "a\0b"}, "note")],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_kept(cast: Cast, key: str, said: dict[str, str], place: str) -> None:
    with pytest.raises(WrongAct) as wrong:
        look_after(cast, key, **said)
    assert wrong.value.field == place
    typed = {"owner": "operator", "note": "a note", "revision": 0} | said
    assert cast.operator.browser.post(reverse("console:failure_group", args=[key]), typed).status_code == 400
    assert not FailureGroup.objects.exists()


def test_a_group_that_never_was_is_not_found(cast: Cast, key: str) -> None:
    assert cast.operator.browser.get(reverse("console:failure_group", args=["0" * 32])).status_code == 404
    with pytest.raises(NoSuchGroup):
        look_after(cast, "0" * 32)
    assert not FailureGroup.objects.exists()
