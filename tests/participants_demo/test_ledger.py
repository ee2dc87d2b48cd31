"""The ledger: append-only, complete, and in agreement with what the services' own tables say."""

from collections import Counter
from typing import Any

import psycopg
import pytest

from tests.participants_demo.running import Participant, new_saga

CALLS = {
    "orders": ("/create", "/cancel", {"order_id": "ORDER-1"}),
    "payments": ("/charge", "/refund", {"card": "card-1", "amount": 4900}),
    "inventory": ("/reserve", "/release", {"sku": "SKU-2", "qty": 3}),
    "shipping": ("/book", "/cancel", {"region": "north"}),
}
NAMES = list(CALLS)
EVERY_CALL = [
    *((name, *call) for name, call in CALLS.items()),
    ("payments", "/hold", "/free", {"card": "card-2", "amount": 300}),
    ("orders", "/receipt", "/void-receipt", {"order_id": "ORDER-1"}),
]


def everything(participant: Participant, *, limit: int = 1000) -> list[dict[str, Any]]:
    entries, after = [], 0
    while after is not None:
        page = participant.get("/ledger", after=after, limit=limit)
        entries += page["entries"]
        after = page["next_after"]
    return entries


def moved(entries: list[dict[str, Any]]) -> Counter[str]:
    accounts: Counter[str] = Counter()
    for effect in (entry["effect"] for entry in entries):
        accounts[effect["account"]] += effect["amount"]
        accounts[effect["counter_account"]] -= effect["amount"]
    return accounts


@pytest.mark.parametrize("name", NAMES)
def test_the_fields_of_an_entry(participants: dict[str, Participant], name: str):
    action, _, sent = CALLS[name]
    saga = new_saga()
    participants[name].call(action, saga, sent, epoch=3)
    [entry] = participants[name].get("/ledger", saga_id=saga)["entries"]
    assert set(entry) == {"saga_id", "step", "direction", "key", "epoch", "effect", "at"}
    assert (entry["saga_id"], entry["key"], entry["epoch"]) == (saga, f"{saga}:step-1:action", 3)
    assert set(entry["effect"]) == {"unit", "account", "amount", "counter_account"}


@pytest.mark.parametrize(("name", "action", "undo", "sent"), EVERY_CALL)
def test_an_undo_takes_back_exactly_what_was_done(
    participants: dict[str, Participant], name: str, action: str, undo: str, sent: dict[str, Any]
):
    saga = new_saga()
    participants[name].call(action, saga, sent)
    assert participants[name].undo(undo, saga).status_code == 200
    entries = participants[name].get("/ledger", saga_id=saga)["entries"]
    assert [entry["direction"] for entry in entries] == ["action", "compensation"]
    assert set(moved(entries).values()) == {0}


@pytest.mark.parametrize(("name", "action", "undo", "sent"), EVERY_CALL)
def test_totals_are_conserved_and_the_tables_agree_with_the_ledger(
    participants: dict[str, Participant], name: str, action: str, undo: str, sent: dict[str, Any]
):
    participant = participants[name]
    before, noted_before = participant.get("/balances"), moved(everything(participant))
    sagas = [new_saga() for _ in range(12)]
    for saga in sagas:
        participant.call(action, saga, sent)
    for saga in sagas[::3]:
        participant.undo(undo, saga)
    after, noted = participant.get("/balances"), moved(everything(participant))
    assert after["total"] == before["total"]
    assert after["accounts"] != before["accounts"]
    for account, amount in after["accounts"].items():
        assert amount - before["accounts"][account] == noted[account] - noted_before[account]


def test_all_entries_can_be_read_in_pages(inventory: Participant):
    sagas = {new_saga() for _ in range(7)}
    for saga in sagas:
        inventory.call("/reserve", saga, {"sku": "SKU-3", "qty": 1})
    small, large = everything(inventory, limit=2), everything(inventory)
    assert small == large
    assert sagas <= {entry["saga_id"] for entry in large}


@pytest.mark.parametrize("query", [{"after": "x"}, {"limit": 0}, {"limit": 5001}, {"after": 2**63}, {"saga_id": ""}])
def test_a_wrong_cursor_or_limit(inventory: Participant, query: dict[str, Any]):
    answer = inventory.http.get(inventory.url + "/ledger", params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize("change", ["UPDATE ledger SET epoch = 0", "DELETE FROM ledger", "TRUNCATE ledger"])
@pytest.mark.parametrize("name", NAMES)
def test_the_database_refuses_to_change_the_ledger(participants: dict[str, Participant], name: str, change: str):
    participants[name].call(CALLS[name][0], new_saga(), CALLS[name][2])
    with participants[name].database() as database, pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        database.execute(change)


def test_the_database_refuses_a_second_effect_for_a_key(inventory: Participant):
    saga = new_saga()
    inventory.call("/reserve", saga, {"sku": "SKU-3", "qty": 1})
    copy = """INSERT INTO ledger (saga_id, step, direction, key, epoch, effect)
        SELECT saga_id, step, direction, key, epoch, effect FROM ledger WHERE saga_id = %s"""
    with inventory.database() as database, pytest.raises(psycopg.errors.UniqueViolation):
        database.execute(copy, [saga])
