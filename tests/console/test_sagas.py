"""The list of sagas: tabs, filters in the address, keyset pages, search, views, export."""

from uuid import uuid4

import pytest
from django.urls import reverse

from orchestration.models import Saga, SagaDefinition, SavedView
from orchestration.queries import DEFAULT_LIMIT, search_window
from tests.cast import Cast
from tests.console.exported import csv_rows, json_of
from tests.console.rows import make_saga

DONE = ["succeeded"] * 3


def listed(cast: Cast, query: str = "", **headers: str) -> str:
    return str(cast.viewer.browser.get(f"/sagas/{query}", headers=headers).content.decode())


def test_no_sagas_no_matching_sagas_and_a_wrong_filter_say_different_things(cast: Cast) -> None:
    assert "No saga yet" in listed(cast)
    assert "No saga fits" in listed(cast, "?definition=other")
    assert "This filter cannot be used" in listed(cast, "?nonsense=1")
    assert cast.viewer.browser.get("/sagas/?status=nonsense").status_code == 400
    assert cast.viewer.browser.get("/sagas/?cursor=nonsense").status_code == 400


def test_tabs_count_and_narrow(cast: Cast, stuck: Saga) -> None:
    make_saga(stuck.definition, "completed", DONE, business_key="ORDER-8")
    response = cast.viewer.browser.get("/sagas/?status=stuck")
    tabs = {tab.status: tab for tab in response.context["tabs"]}
    assert (tabs["stuck"].number.number, tabs["completed"].number.number) == (1, 1)
    assert tabs["stuck"].is_current
    assert [row["saga"].business_key for row in response.context["rows"]] == ["ORDER-7"]


def test_only_filters_that_are_on_are_chips(cast: Cast, stuck: Saga) -> None:
    response = cast.viewer.browser.get("/sagas/?definition=place-order&participant=&age=1h")
    chips = response.context["list"].chips
    assert [(chip.label, chip.value) for chip in chips] == [("definition", "place-order"), ("started", "last hour")]
    assert chips[0].query == "age=1h"


@pytest.mark.parametrize(
    ("query", "found"),
    [("participant=inventory", 1), ("participant=shipping", 0), ("step=reserve-stock", 1), ("step=send-mail", 0),
     ("error=undone", 1), ("q=order-7", 1), ("business_key=ORDER-7", 1), ("age=15m", 1)],
)  # fmt: skip
def test_filters(cast: Cast, stuck: Saga, query: str, found: int) -> None:
    assert len(cast.viewer.browser.get(f"/sagas/?{query}").context["rows"]) == found


def test_older_sagas_come_by_keyset_and_the_filter_stays(cast: Cast, definition: SagaDefinition) -> None:
    made = [make_saga(definition, "completed", DONE).pk for _ in range(DEFAULT_LIMIT + 2)]
    browser = cast.viewer.browser
    first = browser.get("/sagas/?status=completed").context
    second = browser.get(f"/sagas/?{first['list'].next_query}").context
    shown = [row["saga"].pk for row in (*first["rows"], *second["rows"])]
    assert shown == sorted(made, reverse=True)
    assert "status=completed" in first["list"].next_query


def test_a_refresh_keeps_the_rows_and_counts_what_is_new(cast: Cast, stuck: Saga) -> None:
    browser = cast.viewer.browser
    before = browser.get("/sagas/").context["list"]
    make_saga(stuck.definition, "completed", DONE, business_key="ORDER-8")
    part = browser.get(f"/sagas/?{before.refresh_query}", headers={"HX-Request": "true"})
    assert [row["saga"].pk for row in part.context["rows"]] == [stuck.pk]
    assert "1 new saga · show" in part.content.decode()
    assert "ORDER-8" in browser.get(f"/sagas/?{part.context['list'].newest_query}").content.decode()


def test_a_pasted_id_opens_the_saga(cast: Cast, stuck: Saga) -> None:
    browser = cast.viewer.browser
    target = reverse("console:saga", args=[stuck.pk])
    assert browser.get("/find/", {"q": f"  {stuck.pk} "})["Location"] == target
    assert browser.get("/find/", {"q": "ORDER-7"})["Location"] == target


def test_what_is_not_one_saga_is_searched(cast: Cast, stuck: Saga) -> None:
    make_saga(stuck.definition, "completed", DONE, business_key="ORDER-7")
    browser = cast.viewer.browser
    assert browser.get("/find/", {"q": "ORDER-7"})["Location"] == "/sagas/?q=ORDER-7"
    unknown = uuid4()
    assert "No saga fits" in browser.get("/find/", {"q": str(unknown)}, follow=True).content.decode()
    assert browser.get("/find/", {"q": ""})["Location"] == "/sagas/"


@pytest.fixture
def many(definition: SagaDefinition, monkeypatch: pytest.MonkeyPatch) -> list[Saga]:
    """Twelve, newest first; a search looks at five of them, a comparison of names at four."""
    monkeypatch.setattr(search_window, "SEARCHED", 5)
    monkeypatch.setattr(search_window, "COMPARED", 4)
    made = [make_saga(definition, "completed", DONE, business_key=f"ORDER-{number}") for number in range(12)]
    return sorted(made, key=lambda saga: saga.pk, reverse=True)


def test_a_search_looks_so_far_back_at_a_time_and_goes_on(cast: Cast, many: list[Saga]) -> None:
    oldest = many[-1]
    Saga.objects.filter(pk=oldest.pk).update(business_key="UNUSUAL")
    browser, query, pages = cast.viewer.browser, "q=unusual", 0
    while True:
        response = browser.get(f"/sagas/?{query}")
        context, pages = response.context, pages + 1
        if context["rows"]:
            break
        assert "5 sagas were looked at." in response.content.decode()
        query = context["list"].next_query
    assert [row["saga"].pk for row in context["rows"]] == [oldest.pk]
    assert (pages, context["list"].page.next_cursor) == (3, None)


def test_names_are_compared_so_far_back_and_what_was_not_counted_has_no_number(cast: Cast, many: list[Saga]) -> None:
    context = cast.viewer.browser.get("/sagas/?definition=place-order&status=completed").context
    assert [row["saga"].pk for row in context["rows"]] == [saga.pk for saga in many[:4]]
    assert context["list"].is_cut
    numbers = {tab.status: tab.number for tab in context["tabs"]}
    assert tuple(numbers["completed"]) == (4, True)
    assert numbers["abandoned"] is None
    assert numbers["stuck"].number == 0


def test_an_index_leads_to_the_sagas_of_a_definition(cast: Cast, many: list[Saga]) -> None:
    context = cast.viewer.browser.get("/sagas/?definition=place-order").context
    assert len(context["rows"]) == 12
    assert not context["list"].is_cut


def test_a_pasted_id_and_a_status_are_looked_for_in_all(cast: Cast, many: list[Saga]) -> None:
    assert len(cast.viewer.browser.get(f"/sagas/?q={many[-1].pk}").context["rows"]) == 1
    assert len(cast.viewer.browser.get("/sagas/?status=completed").context["rows"]) == 12


def test_one_that_has_ended_is_at_no_step(cast: Cast, definition: SagaDefinition) -> None:
    make_saga(definition, "abandoned", ["failed", "pending", "pending"])
    assert cast.viewer.browser.get("/sagas/?step=reserve-stock").context["rows"] == []


def test_time_is_a_filter(cast: Cast, stuck: Saga) -> None:
    browser = cast.viewer.browser
    assert len(browser.get("/sagas/?created_after=2020-01-01&created_before=2999-01-01").context["rows"]) == 1
    assert browser.get("/sagas/?created_before=2020-01-01").context["rows"] == []
    assert browser.get("/sagas/?created_after=yesterday").status_code == 400


def test_what_is_filtered_is_exported_without_payloads(cast: Cast, stuck: Saga) -> None:
    make_saga(stuck.definition, "completed", DONE, business_key="=HYPERLINK(1)")
    browser = cast.viewer.browser
    [row] = csv_rows(browser.get("/sagas/export/csv/?status=stuck"))
    assert (row["id"], row["business_key"], row["version"]) == (str(stuck.pk), "ORDER-7", "1")
    [other] = csv_rows(browser.get("/sagas/export/csv/?status=completed"))
    assert other["business_key"] == "'=HYPERLINK(1)"
    assert [item["status"] for item in json_of(browser.get("/sagas/export/json/?status=stuck"))["items"]] == ["stuck"]
    assert "input" not in row
    assert browser.get("/sagas/export/csv/?nonsense=1").status_code == 404
    assert cast.stranger.browser.get("/sagas/export/csv/").status_code == 403


def test_a_view_is_saved_shown_and_removed(cast: Cast, stuck: Saga) -> None:
    browser = cast.viewer.browser
    back = browser.post("/sagas/views/", {"name": "Night shift", "query": "status=stuck&step=reserve-stock&cursor=x"})
    assert back["Location"] == "/sagas/?status=stuck&step=reserve-stock"
    views = {str(view.name): view for view in browser.get("/sagas/?step=reserve-stock&status=stuck").context["views"]}
    assert views["Night shift"].is_current
    assert not views["Needs attention"].is_current
    assert "Night shift" not in cast.operator.browser.get("/sagas/").content.decode()
    assert cast.operator.browser.post(f"/sagas/views/{views['Night shift'].view_id}/remove/").status_code == 404
    browser.post(f"/sagas/views/{views['Night shift'].view_id}/remove/")
    assert not SavedView.objects.exists()


def test_a_view_that_cannot_be_saved_says_why(cast: Cast) -> None:
    browser = cast.viewer.browser
    wrong = browser.post("/sagas/views/", {"name": "x", "query": "nonsense=1"}, follow=True).content.decode()
    assert "These filters cannot be saved." in wrong
    for _twice in range(2):
        said = browser.post("/sagas/views/", {"name": "x", "query": "status=stuck"}, follow=True).content.decode()
    assert "You have a view of this name already." in said
    assert SavedView.objects.count() == 1
