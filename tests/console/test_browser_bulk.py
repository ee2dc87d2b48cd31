"""Bulk acts in a real browser: tick, look, start, watch; on a running demo with its housekeeping worker."""

from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from tests.console.browser import Demo, Tab, log_in
from tests.orchestration.real_processes import wait_for

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)


def stuck_sagas(demo: Demo, prefix: str, number: int) -> list[str]:
    """Each stuck on its first undo, which is refused until all are. Their ids, newest first, as the list has them.

    Not for a number of times: a saga that another test left running would use one up."""
    rule = {"step": "reserve-stock", "direction": "compensation", "kind": "refuse", "expires_in": 300}
    made = demo.api("POST", "/faults", rule)
    ids = [demo.launch(f"{prefix}-{one}", region="moon") for one in range(number)]
    wait_for("them to be stuck", lambda: len(demo.api("GET", f"/sagas?status=stuck&q={prefix}")["items"]) == number)
    demo.api("DELETE", f"/faults/{made['id']}")
    return ids[::-1]


def test_ticked_rows_survive_updates_and_become_a_bulk_that_is_watched_live(
    operator: Tab, demo: Demo, no_faults: None
) -> None:
    ids = stuck_sagas(demo, "TICKED", 4)
    page = operator.open("/sagas/?q=TICKED&status=stuck")
    expect(page.locator(".live")).to_have_attribute("data-state", "live")
    bar = page.locator("#bulk-bar")
    expect(bar).to_be_hidden()
    page.locator(f"#saga-{ids[0]} input").check()
    page.locator(f"#saga-{ids[2]} input").click(modifiers=["Shift"])
    expect(bar.locator("[data-chosen]")).to_have_text("3 selected")
    demo.launch("TICKED-NEW")  # which goes well: on its way back it could meet the rule of the next test
    demo.api("POST", f"/sagas/{ids[3]}/pause", {"reason": "make the list change"})
    expect(page.locator(f"#saga-{ids[3]}")).to_contain_text("paused")
    expect(page.locator("input[name=saga]:checked")).to_have_count(3)
    bar.get_by_role("button", name="Retry").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("All of them fit now.")
    expect(dialog).to_contain_text("3 calls")
    dialog.get_by_label("Reason").fill("the warehouse is back")
    dialog.get_by_role("button", name="Retry 3 sagas").click()
    page.get_by_role("heading", name="Retry 3 sagas").wait_for()
    expect(page.locator("h1 + .pill")).to_have_text("completed")
    expect(page.locator("#item-0")).to_contain_text("compensated")
    expect(page.locator(".card > header .small").first).to_have_text("3 of 3")
    expect(page.locator("table")).not_to_contain_text("TICKED-0")
    assert operator.complaints == []


def test_all_that_fit_are_more_than_the_page_shows_ticked(operator: Tab, demo: Demo, no_faults: None) -> None:
    stuck_sagas(demo, "WHOLE", 3)
    page = operator.open("/sagas/?business_key=WHOLE-0")
    page.get_by_label("Select this page").check()
    expect(page.locator("[data-chosen]")).to_have_text("1 selected")
    page = operator.open("/sagas/?q=WHOLE&status=stuck")
    page.get_by_label("Select WHOLE-1").check()
    page.locator("#bulk-bar").get_by_label("all that fit").check()
    expect(page.locator("[data-chosen]")).to_have_text("All that fit selected")
    page.locator("#more-bulk-acts summary").click()
    page.locator("#more-bulk-acts").get_by_role("button", name="Skip step").click()
    expect(page.get_by_role("dialog").get_by_role("heading")).to_have_text("Skip a step of 3 sagas")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.locator("#bulk-bar").get_by_role("button", name="None").click()
    expect(page.locator("#bulk-bar")).to_be_hidden()
    assert demo.api("GET", "/sagas?q=WHOLE&status=stuck")["items"]
    assert operator.complaints == []


def test_a_bulk_that_fails_again_halts_itself_and_is_cancelled(operator: Tab, demo: Demo, no_faults: None) -> None:
    stuck_sagas(demo, "AGAIN", 3)
    demo.api(
        "POST", "/faults", {"step": "reserve-stock", "direction": "compensation", "kind": "refuse", "expires_in": 300}
    )
    page = operator.open("/sagas/?q=AGAIN&status=stuck")
    page.get_by_label("Select this page").check()
    page.locator("#bulk-bar").get_by_role("button", name="Retry").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("let us see")
    dialog.get_by_label("Carefully").check()
    dialog.get_by_role("button", name="Retry 3 sagas").click()
    expect(page.locator("h1 + .pill")).to_have_text("halted itself")
    expect(page.get_by_role("link", name="1 failed again")).to_be_visible()
    page.get_by_role("button", name="Cancel the rest").click()
    expect(dialog).to_contain_text("2 sagas are left as they are; what was done to 1 stays done.")
    dialog.get_by_role("button", name="Cancel the rest").click()
    expect(page.locator("h1 + .pill")).to_have_text("cancelled")
    expect(page.locator(".toast")).to_have_text("Cancelled")
    assert operator.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (768, "light")])
def test_its_page_and_the_bar_fit(chromium: Browser, demo: Demo, width: int, scheme: Literal["light", "dark"]) -> None:
    saga_id = demo.launch(f"FITS-BULK-{width}-{scheme}")
    made = demo.api("POST", "/bulk", {"act": "pause", "reason": "a long reason " * 20, "ids": [saga_id]})
    tab = log_in(chromium, demo, "admin", width=width, scheme=scheme)
    for path in (f"/bulk/{made['id']}/", "/sagas/"):
        page = tab.open(path)
        expect(page.locator(".live")).to_have_attribute("data-state", "live")
        if path == "/sagas/":
            page.locator("input[name=saga]").first.check()
            expect(page.locator("#bulk-bar")).to_be_in_viewport()
        widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert widths[0] <= widths[1], path
    tab.page.context.close()
    assert tab.complaints == []
