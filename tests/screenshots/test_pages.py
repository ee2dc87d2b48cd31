"""No page of the console is forgotten when all of them are looked at, by people or by axe."""

from django.urls import resolve

from orchestration.console.urls import urlpatterns
from tests.screenshots.pages import pages

# Addresses that show no page: parts, streams, files, redirects, and what is only posted to.
NO_PAGE = {
    "find", "banner", "live", "saga_live", "export_sagas", "export_audit", "save_view", "drop_view", "choose_bulk",
    "start_bulk", "steer_bulk", "publish_draft", "drop_draft", "hold_participant", "limit_participant",
    "remove_fault", "send_webhook_again", "theme", "language", "revoke_token",
}  # fmt: skip
# The page of a version is the page of its definition.
TWINS = {"definition_version"}
SOME_ID = "01980000-0000-7000-8000-000000000001"


def test_every_page_is_looked_at() -> None:
    ids = dict.fromkeys(("ORDER-1041", "ORDER-1055", "RETRY-ME", "APPROVE-1", "BULK", "MESSAGE", "GROUP"), SOME_ID)
    seen = {resolve(path.partition("?")[0]).url_name for path in pages(ids).values()}
    assert {pattern.name for pattern in urlpatterns} - NO_PAGE - TWINS == seen
