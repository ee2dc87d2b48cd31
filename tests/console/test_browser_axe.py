"""WCAG 2.2 AA by axe: no violation on any page, in light and dark, in both languages."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.browser import Demo, Tab
from tests.screenshots.pages import pages
from tests.screenshots.scenes import fill

pytestmark = pytest.mark.browser
AXE = Path(__file__).parents[1] / "vendor" / "axe-core-4.14.1.min.js"
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


# The same templates as others, with other data, or with more of the same rows: they are there to be photographed.
TWINS = {"sagas-stuck", "audit", "saga-completed", "failure-groups-back"}


@pytest.fixture(scope="module")
def filled(demo: Demo) -> dict[str, str]:
    return {name: path for name, path in pages(fill(demo)).items() if name not in TWINS}


# One load per page and language. Of the rules only the one about contrast looks at colours, and only it differs between
# light and dark; the words differ between the languages, and the colours do not.
def test_no_page_violates_the_rules_in_light_and_dark(admin: Tab, filled: dict[str, str]) -> None:
    bring_axe_along(admin.page)
    wrong: dict[str, list[str]] = {}
    for name, path in filled.items():
        page = admin.open(path)
        page.emulate_media(color_scheme="light")
        found = violations(page)
        page.emulate_media(color_scheme="dark")
        if found := found + violations(page, only=["color-contrast"]):
            wrong[name] = found
    assert wrong == {}
    assert admin.complaints == []


def test_no_page_violates_the_rules_in_portuguese(admin: Tab, demo: Demo, filled: dict[str, str]) -> None:
    cookie = {"name": "django_language", "value": "pt-br", "url": demo.url}
    admin.page.context.add_cookies([cookie])  # type: ignore[list-item]  # a plain dict does
    bring_axe_along(admin.page)
    wrong: dict[str, list[str]] = {}
    for name, path in filled.items():
        page = admin.open(path)
        assert page.evaluate("document.documentElement.lang") == "pt-br"
        if found := violations(page, without=["color-contrast"]):
            wrong[name] = found
    assert wrong == {}


def test_the_dialogs_hold_the_rules_too(operator: Tab, filled: dict[str, str]) -> None:
    page = operator.open(filled["saga-stuck"])
    page.get_by_role("button", name="Retry").first.click()
    expect(page.get_by_role("dialog").get_by_label("Reason")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    assert violations(page) == []
    page = operator.open("/sagas/?status=stuck")
    page.locator("input[name=saga]").first.check()
    page.locator("#bulk-bar").get_by_role("button", name="Retry").click()
    expect(page.get_by_role("dialog").get_by_label("Reason")).to_be_visible()
    assert violations(page) == []


def test_the_door_holds_them_too(chromium: Browser, demo: Demo) -> None:
    page = chromium.new_page()
    page.goto(f"{demo.url}/account/login/")
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, only=["color-contrast"]) == []
    page.close()


def test_a_page_that_breaks_the_rules_would_be_noticed(operator: Tab) -> None:
    page = operator.open("/")
    page.evaluate("document.querySelector('h1').insertAdjacentHTML('afterend', '<img src=\"/x.png\"><input>')")
    assert {one.partition(":")[0] for one in violations(page)} >= {"image-alt", "label"}
    operator.complaints.clear()  # the picture is not there


def bring_axe_along(page: Page) -> None:
    """Into every page that it opens from now on: much cheaper than to hand over half a megabyte to each."""
    page.add_init_script(path=AXE)


def violations(page: Page, only: Sequence[str] = (), without: Sequence[str] = ()) -> list[str]:
    """What axe finds: the rule, and the elements that break it."""
    # By the debugger, not by a tag: the page's policy allows no script from elsewhere.
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text() + "; null")
    wanted = {"type": "rule", "values": list(only)} if only else {"type": "tag", "values": STANDARD}
    options = {
        "runOnly": wanted, "resultTypes": ["violations"], "rules": {name: {"enabled": False} for name in without},
    }  # fmt: skip
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [f"{one['id']}: {[node['target'] for node in one['nodes']][:5]}" for one in found["violations"]]
