"""The keyboard, and what survives an update: in a real browser on a running demo."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.browser import Demo, Tab

pytestmark = pytest.mark.browser
MINE = "document.activeElement.closest('tr').id"


@pytest.fixture(scope="module")
def three(demo: Demo) -> list[str]:
    """Ids of three sagas, the newest first."""
    return [demo.launch(f"KEYS-{number}") for number in range(3)][::-1]


def listed(operator: Tab) -> Page:
    page = operator.open("/sagas/?age=24h")
    expect(page.locator(".live")).to_have_attribute("data-state", "live")
    return page


def test_j_and_k_go_through_the_rows_and_o_opens_one(operator: Tab, three: list[str]) -> None:
    page = listed(operator)
    page.keyboard.press("j")
    first = page.evaluate(MINE)
    page.keyboard.press("j")
    second = page.evaluate(MINE)
    assert first != second
    page.keyboard.press("k")
    assert page.evaluate(MINE) == first
    page.keyboard.press("k")
    assert page.evaluate(MINE) == first  # there is nothing above
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile(f"/sagas/{first.removeprefix('saga-')}/$"))
    assert operator.complaints == []


def test_x_marks_the_row_that_has_the_focus(operator: Tab, three: list[str]) -> None:
    page = listed(operator)
    page.keyboard.press("j")
    box = page.locator(f"#{page.evaluate(MINE)} input[type=checkbox]")
    page.keyboard.press("x")
    expect(box).to_be_checked()
    page.keyboard.press("x")
    expect(box).not_to_be_checked()


def test_question_mark_explains_and_escape_closes(operator: Tab) -> None:
    page = listed(operator)
    page.keyboard.press("?")
    help_text = page.get_by_role("dialog", name="Keyboard")
    expect(help_text).to_contain_text("next and previous row")
    page.keyboard.press("j")  # nothing happens behind a dialog
    page.keyboard.press("Escape")
    expect(help_text).to_be_hidden()
    assert page.evaluate("document.activeElement.closest('tr')") is None


def test_no_key_does_anything_while_somebody_types(operator: Tab) -> None:
    page = listed(operator)
    page.keyboard.press("/")
    page.keyboard.type("jk?xo")
    expect(page.locator("#find")).to_have_value("jk?xo")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()


def test_ctrl_k_goes_to_pages_and_finds_sagas(operator: Tab, three: list[str]) -> None:
    page = listed(operator)
    page.keyboard.press("Control+k")
    page.keyboard.type("aud")
    expect(page.get_by_role("option", name="Audit")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Audit", level=1).wait_for()
    page.keyboard.press("Control+k")
    page.keyboard.type("KEYS-1")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="KEYS-1").wait_for()


def test_single_keys_can_be_switched_off_and_ctrl_k_stays(operator: Tab, switched_on_again: None) -> None:
    page = operator.open("/profile/")
    page.get_by_label("Shortcuts of a single key").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_have_text("Your choices are kept.")
    page = listed(operator)
    for key in ("j", "?", "/"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement === document.body")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Go to a page, or find a saga")).to_be_focused()


@pytest.fixture
def switched_on_again(operator: Tab) -> Iterator[None]:
    yield
    page = operator.open("/profile/")
    page.get_by_label("Shortcuts of a single key").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_have_text("Your choices are kept.")


def test_scroll_focus_and_typed_text_survive_an_update(operator: Tab, demo: Demo) -> None:
    saga_id = demo.launch("KEYS-LIVE", delay_seconds=10)
    page = operator.open(f"/sagas/{saga_id}/")
    note = page.get_by_label("New note")
    note.fill("half a sen")
    page.evaluate("window.scrollTo(0, 300)")
    before = page.evaluate("window.scrollY")
    demo.api("POST", f"/sagas/{saga_id}/pause", {"reason": "to see what stays"})
    expect(page.locator("h1 ~ .pill").nth(1)).to_have_text("paused")
    expect(note).to_have_value("half a sen")
    expect(note).to_be_focused()
    page.keyboard.type("tence")
    expect(note).to_have_value("half a sentence")
    assert abs(page.evaluate("window.scrollY") - before) < 120  # a card has come above; the page has not jumped


def test_without_a_stream_the_page_asks_by_itself(operator: Tab, demo: Demo) -> None:
    page = operator.page
    page.route("**/live/", lambda route: route.abort())
    page.clock.install()
    saga_id = demo.launch("KEYS-POLL", delay_seconds=10)
    page = operator.open(f"/sagas/{saga_id}/")
    expect(page.locator(".live")).to_have_text("Reconnecting")
    demo.api("POST", f"/sagas/{saga_id}/pause", {"reason": "to see it polled"})
    page.clock.fast_forward(11_000)
    expect(page.locator("h1 ~ .pill").nth(1)).to_have_text("paused")


def test_a_hidden_tab_asks_for_nothing_and_catches_up(operator: Tab, demo: Demo) -> None:
    saga_id = demo.launch("KEYS-HIDDEN", delay_seconds=10)
    page = operator.open(f"/sagas/{saga_id}/")
    expect(page.locator(".live")).to_have_attribute("data-state", "live")
    asked: list[str] = []

    def note(route: Route) -> None:
        asked.append(route.request.url)
        route.continue_()

    page.route(f"**/sagas/{saga_id}/", note)
    _hide(page, hidden=True)
    demo.api("POST", f"/sagas/{saga_id}/pause", {"reason": "while nobody looks"})
    with page.expect_response("**/sagas/**"):
        page.evaluate("fetch('/sagas/?status=stuck')")  # what the stream would have caused comes before this answer
    assert asked == []
    _hide(page, hidden=False)
    expect(page.locator("h1 ~ .pill").nth(1)).to_have_text("paused")
    assert asked


def _hide(page: Page, *, hidden: bool) -> None:
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )
