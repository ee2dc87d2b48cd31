"""Conventions of consoles that operators know, as far as no other file tests them in a browser.

Not met on purpose: a compact history beside a full one (the journal is short, tries are folded); the focus on "Cancel"
when a dialog opens (it is on the reason, without which nothing can be confirmed); a delay in which an act could be
taken back (acts take effect at once, and say what cannot be undone; a bulk can be paused and cancelled); `g s` to go
somewhere (`Ctrl-K` goes to any page). Exports, the print view, saved views and time zones are tested without a browser.
"""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.browser import Demo, Tab
from tests.orchestration.real_processes import wait_for
from tests.screenshots.scenes import with_approval

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)
IN_SIGHT = """element => { const box = element.getBoundingClientRect();
    const bar = document.getElementById('bulk-bar').getBoundingClientRect(); return box.bottom <= bar.top; }"""


@pytest.fixture(scope="module")
def known(demo: Demo) -> str:
    """A saga that stands still: it waits for a decision."""
    return with_approval(demo, "CONVENTION", 60_000)


def live(tab: Tab, path: str) -> Page:
    page = tab.open(path)
    expect(page.locator(".live")).to_have_attribute("data-state", "live")
    return page


def test_filters_stand_in_the_address_and_back_restores_them(operator: Tab, known: str) -> None:
    page = live(operator, "/sagas/")
    page.get_by_label("Definition").select_option("place-order")
    expect(page).to_have_url(re.compile("definition=place-order"))
    chips = page.locator("#_sagas .chip")
    expect(chips).to_have_count(1)
    page.locator(".tabs").get_by_role("link", name="completed").click()
    expect(page).to_have_url(re.compile("status=completed"))
    expect(page).to_have_title("completed · Sagas · sagaconsole")
    page.go_back()
    expect(page.locator(".tabs [aria-current]")).to_have_text("All")
    expect(chips).to_have_count(1)  # "any time" and "any participant" are no filters
    page.reload()
    expect(chips).to_contain_text("place-order")
    page.get_by_role("link", name="Clear all").click()
    expect(chips).to_have_count(0)


def test_new_sagas_are_announced_and_counted_and_do_not_push_the_rows_away(operator: Tab, demo: Demo) -> None:
    demo.launch("ANNOUNCED-1")
    page = live(operator, "/sagas/?definition=place-order&age=1h")
    first = page.locator("tr[id^=saga-]").first
    expect(first).to_contain_text("ANNOUNCED-1")
    page.evaluate("window.notReloaded = true")
    demo.launch("ANNOUNCED-2")
    expect(page.locator(".fresh")).to_contain_text("1 new saga")
    expect(first).to_contain_text("ANNOUNCED-1")
    assert page.evaluate("window.notReloaded")
    page.locator(".fresh").click()
    expect(first).to_contain_text("ANNOUNCED-2")


def test_the_whole_id_is_copied_and_said_to_be(operator: Tab, demo: Demo, known: str) -> None:
    operator.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=demo.url)
    page = live(operator, f"/sagas/{known}/")
    button = page.locator(".facts .id button")
    button.click()
    expect(button).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == known
    curl = page.get_by_role("button", name="Copy as curl")
    curl.click()
    expect(curl).to_have_count(0)  # it says "Copied" instead
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl ")


def test_the_absolute_time_with_its_zone_is_there_on_focus_too(operator: Tab, known: str) -> None:
    page = live(operator, f"/sagas/{known}/")
    time = page.locator(".facts time[data-ago]").first
    title = time.get_attribute("title")
    assert title
    assert title.endswith("UTC")
    page.keyboard.press("Tab")  # the focus is shown to those who use the keyboard
    time.focus()
    assert time.evaluate("element => getComputedStyle(element, '::after').content") == f'"{title}"'


def test_a_link_leads_to_one_step_and_marks_it(operator: Tab, known: str) -> None:
    page = live(operator, f"/sagas/{known}/#fwd-2")
    assert page.locator("#fwd-2").evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    assert page.locator("#fwd-1").evaluate("element => getComputedStyle(element).outlineStyle") == "none"


def test_those_who_want_no_motion_get_none_and_forced_colours_keep_the_marks(operator: Tab, demo: Demo) -> None:
    saga_id = demo.launch("MOTION", delay_seconds=10)
    page = live(operator, f"/sagas/{saga_id}/")
    expect(page.locator("#fwd-3 .state")).to_contain_text("running")
    moving = "element => element.getAnimations({subtree: true}).filter(one => one.playState === 'running').length"
    steps = page.locator(".lanes")
    assert steps.evaluate(moving) > 0
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_function("() => document.getAnimations().every(one => one.playState !== 'running')")
    page.emulate_media(forced_colors="active")
    here = page.locator(".nav [aria-current]")
    assert here.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"


def test_the_first_key_offers_the_way_to_the_content(operator: Tab) -> None:
    page = live(operator, "/audit/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="To the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    assert page.locator("main, nav[aria-label], search, header").count() >= 4


def test_the_bar_at_the_bottom_hides_no_row_that_has_the_focus(operator: Tab, demo: Demo) -> None:
    for number in range(12):
        demo.launch(f"HIDDEN-{number}")
    operator.page.set_viewport_size({"width": 1024, "height": 480})
    page = live(operator, "/sagas/?q=HIDDEN")
    page.get_by_label("Select HIDDEN-11").check()
    expect(page.locator("#bulk-bar")).to_be_in_viewport()
    for _ in range(12):
        page.keyboard.press("j")
        row = page.locator("tr:focus-within .name")
        assert row.evaluate(IN_SIGHT), row.inner_text()


@pytest.mark.parametrize("end", ["error", "silence"])
def test_a_slow_answer_dims_the_button_and_a_lost_one_is_said(operator: Tab, known: str, end: str) -> None:
    page = live(operator, f"/sagas/{known}/")
    held: list[Route] = []
    page.route("**/acts/**", lambda route: held.append(route))  # noqa: PLW0108  a bound builtin cannot be marked
    button = page.locator("#_acts").get_by_role("button", name="Pause", exact=True)
    button.click()
    expect(button).to_have_css("opacity", "0.6")
    wait_for("the request", lambda: page.evaluate("0") or held)  # the browser is heard when it is asked something
    if end == "error":
        held.pop().fulfill(status=503, body="")
    else:
        held.pop().abort()
    expect(page.locator(".toast")).to_have_text("That did not work; nothing was changed. Try again.")
    expect(button).to_have_css("opacity", "1")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_theme_that_was_chosen_wins_over_the_systems(operator: Tab) -> None:
    page = operator.page
    page.emulate_media(color_scheme="light")
    live(operator, "/")
    shown = "getComputedStyle(document.documentElement).colorScheme"
    page.context.add_cookies([{"name": "theme", "value": "dark", "url": operator.demo.url}])
    live(operator, "/")
    assert page.evaluate(shown) == "dark"
    page.context.clear_cookies(name="theme")
    live(operator, "/")
    assert page.evaluate(shown) == "light dark"
