"""The audit page: filters and keyset pages."""

from orchestration.models import Saga
from orchestration.operator_actions import perform
from tests.cast import Cast


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
