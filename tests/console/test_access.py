"""Who may see which page, and what a browser may keep of it."""

import pytest
from django.test import Client
from django.urls import reverse

from orchestration.models import Saga
from tests.cast import Cast

PAGES = [
    "overview",
    "sagas",
    "bulks",
    "failure_groups",
    "definitions",
    "participants",
    "fault_rules",
    "audit",
    "banner",
    "workers",
]


@pytest.mark.parametrize("name", PAGES)
def test_anonymous_visitors_are_asked_to_log_in(db: None, name: str) -> None:
    response = Client().get(reverse(f"console:{name}"))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("login"))


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_sees_nothing_and_a_viewer_everything(cast: Cast, name: str) -> None:
    assert cast.stranger.browser.get(reverse(f"console:{name}")).status_code == 403
    assert cast.viewer.browser.get(reverse(f"console:{name}")).status_code == 200


def test_pages_with_data_are_never_kept_by_a_cache(cast: Cast, stuck: Saga) -> None:
    response = cast.viewer.browser.get(reverse("console:saga", args=[stuck.pk]))
    assert "no-store" in response["Cache-Control"]


def test_the_content_policy_holds_no_inline_code(cast: Cast, stuck: Saga) -> None:
    for address in (reverse("console:overview"), reverse("console:saga", args=[stuck.pk])):
        response = cast.viewer.browser.get(address)
        html = response.content.decode()
        assert "unsafe-inline" not in response["Content-Security-Policy"]
        assert " style=" not in html
        assert " onclick=" not in html
        assert "<script>" not in html


def test_a_part_fetched_after_the_session_ended_reloads_the_page(db: None) -> None:
    response = Client().get(reverse("console:overview"), headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert response["HX-Refresh"] == "true"


def test_login_and_logout(cast: Cast) -> None:
    cast.viewer.user.set_password("a good password")
    cast.viewer.user.save()
    client = Client()
    wrong = client.post(reverse("login"), {"username": "viewer", "password": "wrong"})
    assert "User name or password is wrong." in wrong.content.decode()
    right = client.post(reverse("login"), {"username": "viewer", "password": "a good password"})
    assert right["Location"] == reverse("console:overview")
    assert client.post(reverse("logout"))["Location"] == reverse("login")
    assert client.get(reverse("console:overview")).status_code == 302
