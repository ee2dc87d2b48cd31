"""What belongs to the reader alone: language, time zone, theme, shortcuts; tokens of their own."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orchestration import tokens
from orchestration.models import ApiToken, AuditEntry, Preferences, Saga
from tests.cast import Api, Cast

CHOICES = {"language": "pt-br", "time_zone": "America/Sao_Paulo", "theme": "dark", "shortcuts": ""}


def page(browser: Client, path: str) -> str:
    return str(browser.get(path).content.decode())


def test_what_was_chosen_holds_on_every_device(cast: Cast, stuck: Saga) -> None:
    browser = cast.viewer.browser
    assert browser.post("/profile/", CHOICES)["Location"] == "/profile/"
    elsewhere = cast.viewer.browser
    html = page(elsewhere, f"/sagas/{stuck.pk}/")
    assert '<html lang="pt-br" data-theme="dark"' in html
    assert 'data-shortcuts="off"' in html
    local = stuck.created_at.astimezone(timezone.get_fixed_timezone(-180))
    assert f"{local:%Y-%m-%d %H:%M:%S} -03" in html
    assert elsewhere.get("/").headers["Content-Language"] == "pt-br"


def test_the_time_zone_is_that_of_the_axes_too(cast: Cast, stuck: Saga) -> None:
    browser = cast.viewer.browser
    browser.post("/profile/", CHOICES | {"time_zone": "Asia/Kolkata"})
    local = stuck.created_at.astimezone(timezone.get_fixed_timezone(330))
    timeline = browser.get(f"/sagas/{stuck.pk}/").context["timeline"]
    assert (timeline.labels[0][:8], timeline.zone) == (f"{local:%H:%M:%S}", "IST")
    assert browser.get("/").context["chart"].labels[-1].text.endswith("IST")


def test_without_a_choice_the_zone_is_the_browsers(cast: Cast, stuck: Saga) -> None:
    browser = cast.viewer.browser
    browser.cookies["browser_zone"] = "Asia/Kolkata"
    assert "IST" in page(browser, "/audit/")
    browser.cookies["browser_zone"] = "Nowhere/At-All"
    assert "UTC" in page(browser, "/audit/")


def test_nobody_elses_page_is_touched(cast: Cast) -> None:
    cast.viewer.browser.post("/profile/", CHOICES)
    assert '<html lang="en" data-now' in page(cast.operator.browser, "/")
    assert '<html lang="en"' in page(Client(), "/account/login/")


def test_a_wrong_zone_is_said_at_its_field_and_nothing_is_kept(cast: Cast) -> None:
    response = cast.viewer.browser.post("/profile/", CHOICES | {"time_zone": "Mars/Olympus"})
    assert response.status_code == 400
    assert "There is no such time zone" in response.content.decode()
    assert "Mars/Olympus" in response.content.decode()
    assert not Preferences.objects.exists()


def test_the_switches_of_the_menu_keep_the_same_choices(cast: Cast) -> None:
    browser = cast.viewer.browser
    assert browser.post(reverse("console:language"), {"language": "pt-br", "next": "/sagas/"})["Location"] == "/sagas/"
    browser.post(reverse("console:theme"), {"theme": "dark", "next": "https://elsewhere.test/"})
    kept = Preferences.objects.get()
    assert (kept.language, kept.theme, kept.shortcuts) == ("pt-br", "dark", True)
    browser.post(reverse("console:language"), {"language": "xx"})
    assert Preferences.objects.get().language == "pt-br"


def test_somebody_without_a_role_has_a_profile_and_no_tokens(cast: Cast) -> None:
    assert "ask an administrator for a role" in page(cast.stranger.browser, "/profile/")
    assert cast.stranger.browser.get("/profile/tokens/").status_code == 403
    assert Client().get("/profile/")["Location"].startswith(reverse("login"))


def issued(cast: Cast, **values: Any) -> Any:
    return cast.viewer.browser.post("/profile/tokens/", {"name": "laptop", "days": 30} | values)


def test_a_token_of_ones_own_is_shown_once_and_works(cast: Cast) -> None:
    response = issued(cast, scopes=["view"])
    secret = response.context["secret"]
    assert "no-store" in response["Cache-Control"]
    assert secret not in page(cast.viewer.browser, "/profile/tokens/")
    assert secret not in str(ApiToken.objects.values_list()) + str(AuditEntry.objects.values_list())
    assert Api(secret).get("/sagas").status_code == 200
    token = ApiToken.objects.get(name="laptop")
    assert token.expires_at is not None
    assert timedelta(days=29) < token.expires_at - timezone.now() <= timedelta(days=30)
    assert token.scopes == ["view"]
    assert AuditEntry.objects.filter(act="issue token", actor="viewer", via="console").count() == 1


def test_a_token_can_do_no_more_than_its_person(cast: Cast, stuck: Saga) -> None:
    secret = issued(cast, scopes=[]).context["secret"]
    assert Api(secret).post(f"/sagas/{stuck.pk}/retry", {"reason": "x"}).status_code == 403


def test_a_token_is_revoked_by_its_person_only(cast: Cast) -> None:
    secret = issued(cast).context["secret"]
    token = ApiToken.objects.get(name="laptop")
    assert cast.operator.browser.post(f"/profile/tokens/{token.pk}/revoke/").status_code == 404
    assert Api(secret).get("/sagas").status_code == 200
    cast.viewer.browser.post(f"/profile/tokens/{token.pk}/revoke/")
    assert Api(secret).get("/sagas").status_code == 401
    assert "revoked" in page(cast.viewer.browser, "/profile/tokens/")
    assert "laptop" not in page(cast.operator.browser, "/profile/tokens/")


@pytest.mark.parametrize("wrong", [{"name": ""}, {"days": 9999}, {"scopes": ["fly"]}])
def test_a_wrong_form_issues_nothing(cast: Cast, wrong: dict[str, Any]) -> None:
    before = ApiToken.objects.count()
    assert issued(cast, **wrong).status_code == 400
    assert ApiToken.objects.count() == before


def test_a_token_makes_no_tokens_and_none_lives_for_ever(cast: Cast) -> None:
    by_token = tokens.authenticate(cast.admin.token)
    assert by_token is not None
    with pytest.raises(PermissionDenied):
        tokens.issue_own(actor=by_token, name="x", expires_in=timedelta(days=1))
    with pytest.raises(ValueError, match="365 days"):
        tokens.issue_own(actor=cast.admin.actor, name="x", expires_in=timedelta(days=366))
