"""The audit page: filters and keyset pages, before and after, the state of the chain, exports."""

import pytest

from orchestration import audit, audit_chain
from orchestration.console import exporting
from orchestration.models import AuditLink, EngineState, Saga
from orchestration.operator_actions import perform
from tests.cast import Cast
from tests.console.exported import csv_rows, json_of, text_of


def test_every_act_is_listed_with_its_reason(cast: Cast, stuck: Saga) -> None:
    perform("pause", saga_id=stuck.pk, actor=cast.operator.actor, reason="counting the stock")
    html = cast.viewer.browser.get("/audit/").content.decode()
    assert "counting the stock" in html
    assert "publish" in html


def test_filters_narrow_by_person_saga_and_act(cast: Cast, stuck: Saga) -> None:
    perform("pause", saga_id=stuck.pk, actor=cast.operator.actor, reason="x")
    browser = cast.viewer.browser
    for query in ("actor=operator&act=pause", f"saga={stuck.pk}", "act=pause"):
        assert [entry.act for entry in browser.get(f"/audit/?{query}").context["page"].items] == ["pause"]
    assert "No entry fits" in browser.get("/audit/?actor=nobody").content.decode()


def test_a_wrong_filter_is_said_and_not_applied(cast: Cast, stuck: Saga) -> None:
    response = cast.viewer.browser.get("/audit/?saga=nonsense&cursor=nonsense")
    assert response.status_code == 200
    assert response.context["form"].errors["saga"]


@pytest.mark.parametrize(
    ("query", "found"),
    [("result=granted", 1), ("result=refused", 0), ("after=2020-01-01", 1), ("before=2020-01-01", 0),
     ("after=2020-01-01T00:00:00Z&before=2999-01-01", 1)],
)  # fmt: skip
def test_filters_by_result_and_time(cast: Cast, stuck: Saga, query: str, found: int) -> None:
    perform("pause", saga_id=stuck.pk, actor=cast.operator.actor, reason="x")
    assert len(cast.viewer.browser.get(f"/audit/?act=pause&{query}").context["page"].items) == found


def test_before_and_after_are_set_side_by_side(cast: Cast, stuck: Saga) -> None:
    perform("pause", saga_id=stuck.pk, actor=cast.operator.actor, reason="x")
    [(_entry, differences)] = cast.viewer.browser.get("/audit/?act=pause").context["rows"]
    changed = {item.place: (item.one, item.other) for item in differences.items}
    assert changed == {"paused": (False, True), "revision": (3, 4)}


def test_what_was_typed_is_suggested(cast: Cast, stuck: Saga) -> None:
    context = cast.viewer.browser.get("/audit/").context
    assert "admin" in context["actors"]
    assert {"issue token", "publish"} <= set(context["acts"])


def test_the_page_says_whether_the_chain_is_whole(cast: Cast, stuck: Saga) -> None:
    browser = cast.viewer.browser
    assert "not verified yet" in browser.get("/audit/").content.decode()
    audit_chain.seal()
    while not audit_chain.state().verified_at:
        audit_chain.patrol()
    html = browser.get("/audit/").content.decode()
    assert "whole" in html
    assert f"{AuditLink.objects.count()}:{audit_chain.state().digest}" in html


def test_a_broken_chain_is_an_alarm(cast: Cast) -> None:
    EngineState.objects.create(name="audit_broken", value=12)
    html = cast.viewer.browser.get("/audit/").content.decode()
    assert "The audit is not as it was sealed" in html
    assert "number 12 of the chain" in html


def test_what_is_filtered_is_exported(cast: Cast, stuck: Saga) -> None:
    perform("pause", saga_id=stuck.pk, actor=cast.operator.actor, reason="counting")
    browser = cast.viewer.browser
    [row] = csv_rows(browser.get("/audit/export/csv/?act=pause"))
    assert (row["actor"], row["reason"], row["granted"], row["saga_id"]) == (
        "operator", "counting", "True", str(stuck.pk),
    )  # fmt: skip
    answer = browser.get("/audit/export/json/?act=pause")
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-')
    exported = json_of(answer)
    assert exported["cut"] is False
    assert exported["items"][0]["after"]["paused"] is True


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\n=x"])
def test_no_cell_of_an_export_is_a_formula(cast: Cast, text: str) -> None:
    audit.write(actor=cast.admin.actor, act="x", subject="y", granted=True, reason=text)
    [row] = csv_rows(cast.viewer.browser.get("/audit/export/csv/?act=x"))
    assert row["reason"] == f"'{text}"


def test_a_long_export_comes_in_pages_and_says_where_it_was_cut(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        audit.write(actor=cast.admin.actor, act="x", subject=str(number), granted=True)
    monkeypatch.setattr(exporting, "PAGE", 2)
    browser = cast.viewer.browser
    rows = csv_rows(browser.get("/audit/export/csv/?act=x"))
    assert sorted(row["subject"] for row in rows) == list("0123456")
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
    monkeypatch.setattr(exporting, "MOST", 5)
    cut = browser.get("/audit/export/csv/?act=x")
    assert text_of(cut).count("\r\n") == 1 + 5 + 1
    assert "Cut here after 5 rows" in text_of(browser.get("/audit/export/csv/?act=x"))
    assert json_of(browser.get("/audit/export/json/?act=x"))["cut"] is True


def test_exports_need_the_right_and_a_good_filter(cast: Cast) -> None:
    assert cast.stranger.browser.get("/audit/export/csv/").status_code == 403
    assert cast.viewer.browser.get("/audit/export/csv/?saga=nonsense").status_code == 404
    assert cast.viewer.browser.get("/audit/export/pdf/").status_code == 404
