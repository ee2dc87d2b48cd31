"""One night shift, from the first failure to the last ledger: by hand in a real browser, through real workers."""

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.browser import ROOT, Demo, Tab
from tests.orchestration.real_processes import wait_for

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)

NAME = "night-order"
BEFORE, BROKEN, MEANWHILE = 130, 60, 10
AMOUNT = 4900
# Their card takes 1000 at most, whatever becomes of payments.
EDITED, CASH = "NIGHT-0", "NIGHT-1"
# Once the stock is taken there is no way back: what payments refuses then needs a person.
DOCUMENT: dict[str, Any] = {
    "name": NAME,
    "business_key": "order_id",
    "input_schema": {"type": "object", "required": ["order_id", "card"]},
    "steps": [
        {"name": "create-order", "participant": "orders", "action": "/create", "compensation": "/cancel",
         "payload": "{order_id: input.order_id}"},
        {"name": "reserve-stock", "participant": "inventory", "action": "/reserve", "compensation": "/release",
         "pivot": True, "payload": "{sku: 'SKU-1', qty: `1`}"},
        {"name": "charge-card", "participant": "payments", "action": "/charge", "compensation": "/refund",
         "payload": f"{{card: input.card, amount: `{AMOUNT}`}}"},
        {"name": "book-carrier", "participant": "shipping", "action": "/book", "compensation": "/cancel",
         "payload": "{region: 'north'}"},
    ],
}  # fmt: skip


@dataclass
class Night:
    """The shop's side of the story. `ids`: every order, by its number."""

    demo: Demo
    ids: dict[str, str] = field(default_factory=dict)

    def orders(self, prefix: str, cards: list[str]) -> None:
        keys = [f"{prefix}-{number}" for number in range(len(cards))]
        items = [
            {"definition": NAME, "input": {"order_id": key, "card": card}}
            for key, card in zip(keys, cards, strict=True)
        ]
        answers = self.demo.api("POST", "/sagas/batch", {"items": items})["items"]
        self.ids |= {key: answer["saga"]["id"] for key, answer in zip(keys, answers, strict=True)}

    def until(self, status: str, number: int) -> None:
        path = f"/sagas?definition={NAME}&status={status}&limit=200"
        wait_for(f"{number} to be {status}", lambda: len(self.demo.api("GET", path)["items"]) == number)

    def ledger(self, participant: str) -> dict[str, list[dict[str, Any]]]:
        """What the participant did for these orders, by saga."""
        found: dict[str, list[dict[str, Any]]] = {saga_id: [] for saga_id in self.ids.values()}
        after: int | None = 0
        while after is not None:
            address = f"{self.demo.facts['participants'][participant]}/ledger?after={after}"
            with urllib.request.urlopen(address, timeout=20) as answer:  # noqa: S310  our own loopback address
                page = json.load(answer)
            for entry in page["entries"]:
                if entry["saga_id"] in found:
                    found[entry["saga_id"]].append(entry)
            after = page["next_after"]
        return found


@pytest.fixture
def night(demo: Demo, no_faults: None) -> Iterator[Night]:
    demo.api("POST", "/definitions", DOCUMENT)
    yield Night(demo)
    if demo.api("GET", "/participants/payments")["paused"]:
        demo.api("POST", "/participants/payments/resume", {"reason": "the night is over"})


def test_the_night_shift(operator: Tab, night: Night) -> None:
    demo, page = night.demo, operator.page
    night.orders("EVENING", ["card-1"] * BEFORE)
    night.until("completed", BEFORE)

    breaks = {"definition": NAME, "step": "charge-card", "kind": "refuse", "expires_in": 600}
    rule = demo.api("POST", "/faults", breaks)
    group = sixty_fail_before_the_operators_eyes(night, operator)
    first = the_operator_stops_the_calls_and_looks(night, operator, group)

    demo.api("DELETE", f"/faults/{rule['id']}")  # payments is well again
    hold(operator, "Resume", "payments has restarted its card gateway")
    one_is_retried(operator, first)
    bulk = the_rest_is_retried_in_bulk(operator)
    one_payload_is_put_right(page, bulk)
    one_step_is_skipped(page, bulk)

    night.until("completed", BEFORE + BROKEN + MEANWHILE)
    the_audit_tells_it(operator, night, first)
    the_ledgers_agree(night)
    assert operator.complaints == []


def sixty_fail_before_the_operators_eyes(night: Night, operator: Tab) -> Locator:
    """The row of their group, which comes by itself."""
    page = operator.open("/failure-groups/")
    group = page.locator("tr", has_text=NAME)
    expect(group).to_have_count(0)
    night.orders("NIGHT", [*["card-low"] * 2, *["card-1"] * (BROKEN - 2)])
    expect(number_of(group)).to_have_text(str(BROKEN))
    expect(group).to_contain_text("charge-card")
    return group


def number_of(group: Locator) -> Locator:
    return group.locator("td.num a").first


def the_operator_stops_the_calls_and_looks(night: Night, operator: Tab, group: Locator) -> str:
    """The path of the saga that was looked at."""
    page = operator.page
    hold(operator, "Pause", "the bank is asked")
    night.orders("MEANWHILE", ["card-2"] * MEANWHILE)
    operator.open(f"/sagas/{night.ids['MEANWHILE-0']}/")
    expect(page.locator(".note", has_text="Waiting for its turn")).to_contain_text("Calls to payments are paused")

    operator.open("/failure-groups/")
    number_of(group).click()
    expect(page.locator("tr[id^=saga-]").first).to_contain_text("charge-card: failed past the pivot")
    page.get_by_role("link", name=f"NIGHT-{BROKEN - 1}", exact=True).click()
    page.get_by_role("button", name="Ask the participants").click()
    told = page.locator("#evidence-told")
    expect(told.locator("li", has_text="charge-card")).to_contain_text("No effect of it stands.")
    expect(told.locator("li", has_text="reserve-stock")).to_contain_text("Its effect stands.")
    expect(told).not_to_contain_text("differs from what we believe")

    page.get_by_role("button", name="Retry").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".calls li")).to_have_count(2)
    expect(dialog).to_contain_text("Calls to payments are paused")
    expect(dialog).to_contain_text("the bank is asked")
    dialog.get_by_role("button", name="Cancel").click()
    return page.url.removeprefix(night.demo.url)


def hold(operator: Tab, verb: str, reason: str) -> None:
    """Pause or resume the calls to payments."""
    page = operator.page
    page.get_by_role("navigation").get_by_role("link", name="Participants").click()
    row = page.locator("#participant-payments")
    row.get_by_text(f"{verb} calls to payments").click()
    row.get_by_label("Reason").fill(reason)
    row.get_by_role("button", name=f"{verb} calls").click()
    expect(row).to_contain_text("paused" if verb == "Pause" else "go out")
    expect(page.locator(".banner", has_text="paused by operator")).to_have_count(1 if verb == "Pause" else 0)


def one_is_retried(operator: Tab, path: str) -> None:
    page = operator.open(path)
    confirm(page, "Retry", "first one, to see whether it goes")
    expect(page.locator("h1 + .pill")).to_have_text("completed")


def the_rest_is_retried_in_bulk(operator: Tab) -> str:
    """The bulk's address, with those that failed again."""
    page = operator.open("/failure-groups/")
    group = page.locator("tr", has_text=NAME)
    expect(number_of(group)).to_have_text(str(BROKEN - 1))
    group.get_by_role("button", name="Retry").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("All of them fit now.")
    dialog.get_by_label("Reason").fill("the first one went well")
    dialog.get_by_role("button", name=f"Retry {BROKEN - 1} sagas").click()
    expect(page.locator("h1 + .pill")).to_have_text("completed")
    expect(page.locator(".card > header .small").first).to_have_text(f"{BROKEN - 1} of {BROKEN - 1}")
    page.get_by_role("link", name="2 failed again").click()
    expect(page.locator("tr[id^=item-]")).to_have_count(2)
    return page.url


def one_payload_is_put_right(page: Page, bulk: str) -> None:
    page.goto(bulk)
    page.get_by_role("link", name=EDITED, exact=True).click()
    expect(page.locator("#fwd-3")).to_contain_text("above the limit")
    page.locator("#more-acts summary").click()
    dialog = opened(page, "Edit and retry")
    payload = dialog.get_by_label("What the call sends")
    payload.fill(payload.input_value().replace("card-low", "card-3"))
    done(dialog, "Edit and retry", "the customer has named another card")
    expect(page.locator("h1 + .pill")).to_have_text("completed")
    expect(page.locator("#fwd-3")).to_contain_text("payload edited")


def one_step_is_skipped(page: Page, bulk: str) -> None:
    page.goto(bulk)
    page.get_by_role("link", name=CASH, exact=True).click()
    page.get_by_label("New note").fill("The customer pays in cash at the counter, receipt 881.")
    page.get_by_role("button", name="Keep note").click()
    expect(page.locator("#notes-list")).to_contain_text("receipt 881")
    confirm(page, "Skip step", "paid in cash")
    expect(page.locator("h1 + .pill")).to_have_text("completed")
    expect(page.locator("#fwd-3 .state")).to_contain_text("skipped")
    expect(page.locator(".journal")).to_contain_text("paid in cash")


def confirm(page: Page, act: str, reason: str) -> None:
    dialog = opened(page, act)
    done(dialog, act, reason)
    expect(dialog).to_be_hidden()


def opened(page: Page, act: str) -> Locator:
    page.locator("#_acts").get_by_role("button", name=act, exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", level=2)).to_contain_text(act)
    return dialog


def done(dialog: Locator, act: str, reason: str) -> None:
    dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_role("button", name=act, exact=True).click()


def the_audit_tells_it(operator: Tab, night: Night, first: str) -> None:
    """Every act has its row, with who, why and on what; and the chain of rows is whole."""
    page = operator.open(f"/audit/?saga={night.ids[CASH]}")
    expect(page.locator("tr[id^=entry-]")).to_have_count(3)
    for why in ("the first one went well", "receipt 881", "paid in cash"):
        expect(page.locator("tr[id^=entry-]", has_text=why)).to_contain_text("operator")
    rows = page.request.get(f"{night.demo.url}/audit/export/json/?actor=operator").json()["items"]
    ours = [row for row in rows if row["saga_id"] in night.ids.values()]
    acts = Counter((row["act"], row["granted"]) for row in ours)
    assert acts == {
        ("retry", True): BROKEN, ("edit-and-retry", True): 1, ("skip", True): 1, ("note", True): 1,
    }  # fmt: skip
    assert {row["act"] for row in ours if row["saga_id"] in first} == {"retry"}
    whys = {row["reason"] for row in rows}
    assert {"the bank is asked", "payments has restarted its card gateway"} <= whys
    environment = os.environ | {"DATABASE_URL": night.demo.facts["database_url"]}
    verified = subprocess.run(
        [sys.executable, "manage.py", "audit", "verify"], cwd=ROOT, env=environment, capture_output=True, timeout=120,
        check=True,
    )  # fmt: skip
    assert b"rows verified" in verified.stdout


def the_ledgers_agree(night: Night) -> None:
    """Each order was made, reserved, paid and sent once, and nothing was undone; but for the one that paid in cash."""
    cash, edited = night.ids[CASH], night.ids[EDITED]
    steps = {
        "orders": "create-order", "inventory": "reserve-stock", "payments": "charge-card", "shipping": "book-carrier",
    }  # fmt: skip
    for participant, step in steps.items():
        ledger = night.ledger(participant)
        paid_in_cash = ledger.pop(cash)
        assert [entry["step"] for entry in paid_in_cash] == ([] if participant == "payments" else [step])
        did = {tuple((entry["step"], entry["direction"]) for entry in entries) for entries in ledger.values()}
        assert did == {((step, "action"),)}
        if participant == "payments":
            assert {entry["effect"]["amount"] for entries in ledger.values() for entry in entries} == {-AMOUNT}
            assert ledger[edited][0]["effect"]["account"] == "card:card-3"
    assert len(night.ids) == BEFORE + BROKEN + MEANWHILE
