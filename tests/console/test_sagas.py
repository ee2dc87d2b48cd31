"""The list of sagas: tabs, filters in the address, keyset pages, search."""

from uuid import uuid4

import pytest
from django.urls import reverse

from orchestration.models import Saga, SagaDefinition
from orchestration.queries import DEFAULT_LIMIT
from tests.cast import Cast
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
