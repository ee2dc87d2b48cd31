"""Repairs in a real browser: decide, resolve with the evidence beside it, edit and retry, abandon, take notes."""

from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.console.browser import Demo, Tab, log_in

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

# The payments again, as a participant without a status endpoint: what is in doubt there stays so.
QUIET = "quiet-payments"
DOCUMENT: dict[str, Any] = {
    "name": "browser-order",
    "business_key": "order_id",
    "input_schema": {
        "type": "object",
        "properties": {"order_id": {"type": "string"}, "region": {"type": "string"}, "gift": {"type": "boolean"}},
    },
    "steps": [
        {"parallel": [
            {"name": "create-order", "participant": "orders", "action": "/create", "compensation": "/cancel",
             "payload": "{order_id: input.order_id}"},
            {"name": "wrap-gift", "participant": "inventory", "action": "/reserve", "compensation": "/release",
             "payload": "{sku: 'SKU-1', qty: `1`}", "when": "input.gift"},
        ]},
        {"name": "approve-amount", "approval": {"permission": "approve_saga", "timeout": 3600}},
        {"name": "charge-card", "participant": QUIET, "action": "/charge", "compensation": "/refund", "pivot": True,
         "payload": "{card: 'card-1', amount: `4900`}", "retry": {"max_attempts": 1}},
        {"name": "book-carrier", "participant": "shipping", "action": "/book", "payload": "{region: input.region}"},
    ],
}  # fmt: skip
# Controls that somebody may hit, apart from links inside of a sentence: 24 by 24 pixels at least (WCAG 2.5.8).
SMALL_TARGETS = """root => [...root.querySelectorAll('button, summary, [role=button], input, textarea')]
    .filter(one => one.checkVisibility() && !['radio', 'hidden'].includes(one.type))
    .map(one => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
    .filter(([, box]) => box.width < 24 || box.height < 24).map(([text]) => text)"""
WITHOUT_LABEL = """root => [...root.querySelectorAll('input:not([type=hidden]), textarea, select')]
    .filter(one => !one.labels.length).map(one => one.outerHTML.slice(0, 80))"""

# Rows of the journal whose cells lie on one another.
OVERLAPS = """root => [...root.querySelectorAll('tbody tr')].filter(row => {
    const boxes = [...row.cells].map(cell => { const range = document.createRange(); range.selectNodeContents(cell);
        return range.getBoundingClientRect(); }).filter(box => box.width);
    return boxes.some((one, at) => boxes.slice(at + 1).some(other => one.right > other.left + 1
        && other.right > one.left + 1 && one.bottom > other.top + 1 && other.bottom > one.top + 1));
}).map(row => row.innerText)"""

# What the browser itself notes of a form that was refused; nothing else may stand in its console.
REFUSED = "Failed to load resource: the server responded with a status of 400 (Bad Request)"


@pytest.fixture(scope="module")
def orders(demo: Demo) -> Demo:
    demo.api("PUT", f"/participants/{QUIET}", {"transport": "http", "base_url": demo.facts["participants"]["payments"]})
    demo.api("POST", "/definitions", DOCUMENT)
    return demo


def waiting_for_approval(demo: Demo, tab: Tab, order: str, region: str = "north") -> Page:
    """A saga that waits for a decision, shown in `tab`."""
    wanted = {"order_id": order, "region": region, "gift": False}
    saga = demo.api("POST", "/sagas", {"definition": "browser-order", "input": wanted})
    page = tab.open(f"/sagas/{saga['id']}/")
    expect(page.locator(".decision")).to_contain_text("approve-amount waits for a decision")
    return page


def stuck_in_doubt(demo: Demo, tab: Tab, order: str) -> Page:
    """A saga whose pivot was charged, while the answer was thrown away."""
    rule = {"definition": "browser-order", "step": "charge-card", "kind": "lost_reply", "times": 1, "expires_in": 300}
    page = waiting_for_approval(demo, tab, order)
    demo.api("POST", "/faults", rule)
    decide(page, "Approve", "within the limit")
    expect(status(page)).to_have_text("stuck")
    return page


def decide(page: Page, verdict: str, reason: str) -> None:
    page.locator(".decision").get_by_role("button", name="Decide").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(verdict).check()
    dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_role("button", name=verdict, exact=True).click()
    expect(dialog).to_be_hidden()


def status(page: Page) -> Locator:
    return page.locator("h1 + .pill")


def from_menu(page: Page, act: str) -> Locator:
    """Open the dialog of an act that stands in the menu."""
    page.locator("#more-acts summary").click()
    page.locator("#more-acts").get_by_role("button", name=act).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", level=2)).to_contain_text(act)
    return dialog


def test_approve_in_the_page_after_seeing_what_follows(operator: Tab, orders: Demo) -> None:
    page = waiting_for_approval(orders, operator, "DECIDE-1")
    page.locator(".decision").get_by_role("button", name="Decide").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("within the limit")
    dialog.get_by_label("Reject").check()
    expect(dialog.locator("#_foreseen")).to_contain_text("create-order ← undo")
    expect(dialog.locator("#_confirm")).to_have_text("Reject")
    dialog.get_by_label("Approve").check()
    expect(dialog.locator("#_foreseen")).to_contain_text("Once charge-card has taken effect")
    expect(dialog.get_by_label("Reason")).to_have_value("within the limit")
    dialog.get_by_role("button", name="Approve", exact=True).click()
    expect(page.locator(".toast")).to_have_text("Your decision is kept")
    expect(status(page)).to_have_text("completed")
    expect(page.locator(".journal")).to_contain_text("within the limit")
    assert operator.complaints == []


def test_the_overview_leads_to_the_decision(operator: Tab, orders: Demo) -> None:
    waiting_for_approval(orders, operator, "DECIDE-2")
    page = operator.open("/")
    row = page.locator("[id^=decision-]", has_text="DECIDE-2")
    row.get_by_role("button", name="Decide").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reject").check()
    dialog.get_by_label("Reason").fill("too much")
    dialog.get_by_role("button", name="Reject", exact=True).click()
    expect(row).to_have_count(0)
    assert operator.complaints == []


def test_resolve_with_the_evidence_beside_it(operator: Tab, orders: Demo, no_faults: None) -> None:
    page = stuck_in_doubt(orders, operator, "DOUBT-1")
    page.get_by_role("button", name="Resolve doubt").click()
    dialog = page.get_by_role("dialog")
    evidence = dialog.locator(".evidence-box")
    expect(evidence).to_contain_text("Nobody knows whether it took effect.")
    expect(evidence).to_contain_text("-4900")
    expect(evidence).to_contain_text("there is none to ask")
    dialog.get_by_label("It took effect").check()
    dialog.get_by_label("What it answered").fill("{oops")
    dialog.get_by_label("Reason").fill("the ledger has it")
    dialog.get_by_role("button", name="Resolve: it took effect").click()
    expect(dialog.locator(".output-field .wrong")).to_be_visible()
    expect(dialog.get_by_label("Reason")).to_have_value("the ledger has it")
    dialog.get_by_label("What it answered").fill('{"charged": 4900}')
    dialog.get_by_role("button", name="Resolve: it took effect").click()
    expect(status(page)).to_have_text("completed")
    expect(page.locator(".journal")).to_contain_text("the ledger has it")
    assert operator.complaints == [REFUSED]


def test_abandon_asks_for_the_id_and_lists_what_stands(admin: Tab, orders: Demo, no_faults: None) -> None:
    page = stuck_in_doubt(orders, admin, "LEFT-1")
    saga_id = page.url.rstrip("/").rpartition("/")[2]
    dialog = from_menu(page, "Abandon")
    expect(dialog).to_contain_text("These effects stay: create-order, charge-card")
    dialog.get_by_label("Reason").fill("settled by hand")
    dialog.get_by_label("Type the saga's id").fill("LEFT-1")
    dialog.get_by_role("button", name="Abandon this saga").click()
    expect(dialog.locator(".wrong")).to_be_visible()
    expect(dialog.get_by_label("Reason")).to_have_value("settled by hand")
    expect(status(page)).to_have_text("stuck")
    dialog.get_by_label("Type the saga's id").fill(saga_id)
    dialog.get_by_role("button", name="Abandon this saga").click()
    expect(status(page)).to_have_text("abandoned")
    expect(page.locator("#more-acts")).to_have_count(0)
    assert admin.complaints == [REFUSED]


def test_edit_and_retry_puts_a_wrong_payload_right(operator: Tab, orders: Demo) -> None:
    page = waiting_for_approval(orders, operator, "EDIT-1", region="moon")
    decide(page, "Approve", "fine")
    expect(status(page)).to_have_text("stuck")
    dialog = from_menu(page, "Edit and retry")
    payload = dialog.get_by_label("What the call sends")
    expect(payload).to_have_value('{\n  "region": "moon"\n}')
    payload.fill('{"region": north}')
    dialog.get_by_label("Reason").fill("nobody delivers to the moon")
    dialog.get_by_role("button", name="Edit and retry").click()
    expect(dialog.locator(".input-field .wrong")).to_be_visible()
    expect(payload).to_have_value('{"region": north}')
    payload.fill('{"region": "north"}')
    dialog.get_by_role("button", name="Edit and retry").click()
    expect(status(page)).to_have_text("completed")
    expect(page.locator("#fwd-5")).to_contain_text("payload edited")
    assert operator.complaints == [REFUSED]


def test_a_note_being_typed_survives_an_update_and_is_kept(operator: Tab, orders: Demo) -> None:
    page = waiting_for_approval(orders, operator, "NOTE-1")
    page.get_by_label("New note").fill("I asked the shop")
    orders.api("POST", f"/sagas/{page.url.rstrip('/').rpartition('/')[2]}/pause", {"reason": "wait"})
    expect(page.locator("h1 ~ .pill").nth(1)).to_have_text("paused")
    expect(page.get_by_label("New note")).to_have_value("I asked the shop")
    page.get_by_role("button", name="Keep note").click()
    expect(page.locator("#notes-list")).to_contain_text("I asked the shop")
    expect(page.get_by_label("New note")).to_have_value("")
    assert operator.complaints == []


def test_evidence_on_the_page_stays_while_the_page_lives_on(operator: Tab, orders: Demo) -> None:
    page = waiting_for_approval(orders, operator, "EVIDENCE-1")
    page.get_by_role("button", name="Ask the participants").click()
    told = page.locator("#evidence-told")
    expect(told).to_contain_text("done")
    decide(page, "Reject", "no")
    expect(status(page)).to_have_text("compensated")
    expect(told).to_contain_text("asked at")
    told.get_by_role("button", name="Ask again").click()
    expect(told).to_contain_text("No effect of it stands.")
    assert operator.complaints == []


def test_an_act_opened_in_a_tab_of_its_own_leads_back_to_its_saga(operator: Tab, orders: Demo) -> None:
    page = waiting_for_approval(orders, operator, "TAB-1")
    saga = page.url
    operator.open(saga.removeprefix(orders.url) + "acts/pause/")
    page.locator(".foot").get_by_role("link", name="Cancel").click()
    expect(page).to_have_url(saga)
    operator.open(saga.removeprefix(orders.url) + "acts/pause/")
    page.get_by_label("Reason").fill("somebody asked")
    page.get_by_role("button", name="Pause", exact=True).dblclick()
    expect(page).to_have_url(saga)
    expect(page.locator("h1 ~ .pill").nth(1)).to_have_text("paused")
    expect(page.locator(".toast")).to_have_text("Saga paused")
    assert operator.complaints == []


def test_buttons_are_pressed_with_the_space_bar_and_a_menu_gives_the_focus_back(operator: Tab, orders: Demo) -> None:
    page = waiting_for_approval(orders, operator, "BY-KEYS-1")
    page.get_by_role("button", name="Pause").press("Space")
    expect(page.get_by_role("dialog").get_by_label("Reason")).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("#more-acts summary").press("Enter")
    page.locator("#more-acts").get_by_role("button").first.focus()
    page.keyboard.press("Escape")
    expect(page.locator("#more-acts summary")).to_be_focused()
    expect(page.locator("#more-acts")).not_to_have_attribute("open", "")
    assert operator.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1440, "light")])
def test_a_saga_with_stages_fits_and_its_controls_can_be_hit(
    chromium: Browser, orders: Demo, no_faults: None, width: int, scheme: Literal["light", "dark"]
) -> None:
    tab = log_in(chromium, orders, "admin", width=width, scheme=scheme)
    page = stuck_in_doubt(orders, tab, f"STAGES-{width}-{scheme}")
    stage = page.locator(".stage.many")
    expect(stage.locator(".fwd .step-name")).to_have_text(["create-order", "wrap-gift"])
    expect(stage).to_contain_text("condition was false")
    expect(page.locator(".stage.pivot")).to_contain_text("no way back from here")
    page.locator("#more-acts summary").click()
    assert page.locator("#_saga").evaluate(SMALL_TARGETS) == []
    assert page.locator("#_saga").evaluate(WITHOUT_LABEL) == []
    assert page.locator(".journal").evaluate(OVERLAPS) == []
    page.locator("#more-acts summary").click()
    page.get_by_role("button", name="Resolve doubt").click()
    expect(page.get_by_role("dialog").locator(".evidence")).to_be_visible()
    assert page.get_by_role("dialog").evaluate(SMALL_TARGETS) == []
    assert page.get_by_role("dialog").evaluate(WITHOUT_LABEL) == []
    page.keyboard.press("Escape")
    tab.open("/definitions/browser-order/")
    for path in (page.url, "/"):
        tab.page.goto(path if path.startswith("http") else orders.url + path)
        widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert widths[0] <= widths[1], path
    page.context.close()
    assert tab.complaints == []
