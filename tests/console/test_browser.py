"""The console in a real browser, on a running demo: launch, watch, break, undo, repair."""

from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from tests.console.browser import Demo, Tab, log_in

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)


# Cards that are narrower than a narrow screen: squeezed by their neighbour.
SQUEEZED = """[...document.querySelectorAll('main .card')].filter(one => one.checkVisibility()
    && one.getBoundingClientRect().width < 240).map(one => one.outerHTML.slice(0, 80))"""
HERE_IS_IN_SIGHT = """(() => { const here = document.querySelector('.nav [aria-current]');
    if (!here) return true;
    const box = here.getBoundingClientRect(); return box.left >= 0 && box.right <= window.innerWidth; })()"""


def stuck_saga(demo: Demo, tab: Tab, order: str) -> None:
    """A saga that goes back, and whose first undo is refused once; shown in `tab`."""
    rule = {"step": "reserve-stock", "direction": "compensation", "kind": "refuse", "times": 1, "expires_in": 300}
    demo.api("POST", "/faults", rule)
    tab.open(f"/sagas/{demo.launch(order, region='moon')}/")
    expect(tab.page.locator("h1 + .pill")).to_have_text("stuck")


def test_launch_by_form_and_watch_it_live_to_the_end(operator: Tab) -> None:
    page = operator.open("/definitions/place-order/launch/")
    page.get_by_label("Order number").fill("BROWSER-1")
    page.get_by_label("Slow down the payment").fill("2")
    page.get_by_role("button", name="Launch the saga").click()
    page.get_by_role("heading", name="BROWSER-1").wait_for()
    page.evaluate("window.notReloaded = true")
    expect(page.locator("#fwd-3 .state")).to_contain_text("running")
    expect(page.locator("h1 + .pill")).to_have_text("completed")
    expect(page).to_have_title("completed · BROWSER-1 · sagaconsole")
    expect(page.locator(".fwd .state", has_text="succeeded")).to_have_count(4)
    assert page.evaluate("window.notReloaded")
    assert operator.complaints == []


def test_a_fault_rule_is_added_seen_and_the_saga_goes_back(admin: Tab, demo: Demo, no_faults: None) -> None:
    page = admin.open("/failure-lab/")
    page.get_by_label("What happens").select_option("refuse")
    page.get_by_label("Step").select_option("book-carrier")
    page.get_by_role("button", name="Put in force").click()
    expect(page.locator(".banner")).to_contain_text("1 fault rule is in force")
    admin.open(f"/sagas/{demo.launch('BROWSER-2')}/")
    expect(page.locator("h1 + .pill")).to_have_text("compensated")
    expect(page.locator(".back .state", has_text="compensated")).to_have_count(4)
    expect(page.locator("#_saga")).to_contain_text("Nothing is left standing")
    assert admin.complaints == []


def test_retry_from_the_overview_puts_a_stuck_saga_right(operator: Tab, demo: Demo, no_faults: None) -> None:
    stuck_saga(demo, operator, "BROWSER-3")
    page = operator.open("/")
    task = page.locator(".task", has_text="BROWSER-3")
    expect(task).to_contain_text("A participant refuses to undo its step.")
    task.get_by_role("button", name="Retry").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 calls in this order, if all goes well")
    dialog.get_by_label("Reason").fill("the warehouse is back")
    dialog.get_by_role("button", name="Retry").click()
    expect(page.locator(".toast")).to_have_text("Retry asked for")
    expect(task).to_have_count(0)
    assert operator.complaints == []


def test_compensate_on_a_stuck_saga_ends_it(operator: Tab, demo: Demo, no_faults: None) -> None:
    stuck_saga(demo, operator, "BROWSER-4")
    page = operator.page
    page.get_by_role("button", name="Compensate").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("undo it all")
    page.get_by_role("dialog").get_by_role("button", name="Compensate").click()
    expect(page.locator("h1 + .pill")).to_have_text("compensated")
    expect(page.locator(".journal")).to_contain_text("undo it all")


def test_a_click_on_a_changed_saga_is_refused_and_says_who(operator: Tab, demo: Demo, no_faults: None) -> None:
    stuck_saga(demo, operator, "BROWSER-5")
    page = operator.page
    page.get_by_role("button", name="Retry").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("mine")
    demo.api("POST", f"/sagas/{page.url.rstrip('/').rpartition('/')[2]}/pause", {"reason": "wait"})
    expect(page.locator("h1 ~ .pill").nth(1)).to_have_text("paused")
    expect(page.get_by_role("dialog").get_by_label("Reason")).to_have_value("mine")
    page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    expect(page.get_by_role("alert")).to_contain_text("The saga has changed since you looked.")
    expect(page.get_by_role("alert")).to_contain_text("The last person who changed it is")


def test_what_was_unfolded_stays_open_while_the_page_lives_on(operator: Tab, demo: Demo) -> None:
    saga_id = demo.launch("BROWSER-6", delay_seconds=4)
    page = operator.open(f"/sagas/{saga_id}/")
    fold = page.locator("#try-0-action-1 details")
    fold.locator("summary").click()
    expect(fold.locator(".json").first).to_contain_text("BROWSER-6")
    expect(page.locator("h1 + .pill")).to_have_text("completed")
    expect(fold.locator(".json").first).to_contain_text("BROWSER-6")


def test_pause_holds_the_page_and_going_on_catches_up(operator: Tab, demo: Demo) -> None:
    saga_id = demo.launch("BROWSER-7", delay_seconds=3)
    page = operator.open(f"/sagas/{saga_id}/")
    expect(page.locator(".live")).to_have_text("Live")
    page.locator(".live").click()
    expect(page.locator(".live")).to_have_text("Paused")
    page.wait_for_function(
        "async ([url]) => (await (await fetch(url)).text()).includes('<title>completed')",
        arg=[f"/sagas/{saga_id}/"], polling=300,
    )  # fmt: skip
    expect(page.locator("h1 + .pill")).to_have_text("running")
    page.locator(".live").click()
    expect(page.locator("h1 + .pill")).to_have_text("completed")


# What fits does not depend on the colours.
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (768, "light"), (1440, "dark")])
def test_every_page_fits_and_nothing_complains(
    chromium: Browser, demo: Demo, width: int, scheme: Literal["light", "dark"]
) -> None:
    saga_id = demo.launch(f"FITS-{width}-{scheme}", region="moon")
    tab = log_in(chromium, demo, "admin", width=width, scheme=scheme)
    paths = ["/", "/sagas/", "/sagas/?status=stuck&age=1h", f"/sagas/{saga_id}/", "/definitions/", "/participants/",
             "/definitions/place-order/", "/definitions/place-order/launch/", "/failure-lab/", "/audit/",
             "/new-definition/", "/bulk/", "/failure-groups/", "/messages/", "/webhooks/", "/workers/",
             "/profile/", "/profile/tokens/"]  # fmt: skip
    for path in paths:
        tab.open(path)
        expect(tab.page.locator(".live")).to_have_attribute("data-state", "live")
        widths = tab.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert widths[0] <= widths[1], path
        assert tab.page.locator("h1").count() == 1, path
        assert tab.page.evaluate(SQUEEZED) == [], path
        assert tab.page.evaluate(HERE_IS_IN_SIGHT), path
    tab.page.context.close()
    assert tab.complaints == []


def test_slash_searches_and_a_pasted_id_opens_its_saga(operator: Tab, demo: Demo) -> None:
    saga_id = demo.launch("BROWSER-8")
    page = operator.open("/audit/")
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type(saga_id)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="BROWSER-8").wait_for()


def test_a_viewer_may_look_but_not_touch(chromium: Browser, demo: Demo) -> None:
    tab = log_in(chromium, demo, "viewer")
    saga_id = demo.launch("BROWSER-9", delay_seconds=10)  # an ended saga offers no acts
    page = tab.open(f"/sagas/{saga_id}/")
    page.locator("#more-acts summary").click()
    for name in ("Retry", "Compensate", "Skip step", "Pause", "Abandon"):
        button = page.locator("#more-acts").get_by_role("button", name=name).first
        expect(button).to_have_attribute("aria-disabled", "true")
        expect(button).to_contain_text("Your role does not allow this act.")
    tab.page.context.close()
