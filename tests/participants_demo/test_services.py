"""The rules of business that can refuse, and the desk that closes refunds."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.participants_demo.running import Participant, new_saga

REFUSALS = [
    pytest.param("inventory", "/reserve", {"sku": "SKU-EMPTY", "qty": 1}, 409, "no_stock", id="no stock"),
    pytest.param("inventory", "/reserve", {"sku": "SKU-FEW", "qty": 6}, 409, "no_stock", id="too little stock"),
    pytest.param("inventory", "/reserve", {"sku": "SKU-NO", "qty": 1}, 422, "unknown_sku", id="no such article"),
    pytest.param("inventory", "/reserve", {"sku": "SKU-1", "qty": 0}, 422, "bad_input", id="nothing asked for"),
    pytest.param("inventory", "/reserve", {"sku": "SKU-1", "qty": True}, 422, "bad_input", id="true is no number"),
    pytest.param("inventory", "/reserve", {"sku": "SKU-\0", "qty": 1}, 422, "bad_input", id="NUL"),
    pytest.param("inventory", "/reserve", {"sku": "SKU-\ud800", "qty": 1}, 422, "bad_input", id="lone surrogate"),
    pytest.param("inventory", "/reserve", None, 422, "bad_input", id="no input"),
    pytest.param("payments", "/charge", {"card": "card-low", "amount": 1001}, 422, "card_limit", id="card limit"),
    pytest.param("payments", "/charge", {"card": "card-no", "amount": 1}, 422, "unknown_card", id="no such card"),
    pytest.param("payments", "/charge", {"card": "card-1"}, 422, "bad_input", id="no amount"),
    pytest.param("shipping", "/book", {"region": "moon"}, 422, "no_carrier", id="no carrier"),
    pytest.param(
        "payments", "/hold", {"card": "card-low", "amount": 1001}, 422, "card_limit", id="hold above the limit"
    ),
    pytest.param("payments", "/pay", {"hold": "none", "payee": "acc-1"}, 422, "no_hold", id="nothing held"),
    pytest.param("payments", "/pay", {"hold": "x", "payee": "acc-no"}, 422, "unknown_account", id="no such account"),
    pytest.param("payments", "/pay", {"hold": "x", "payee": "acc-closed"}, 422, "account_closed", id="closed account"),
    pytest.param("shipping", "/book", {"region": "moon", "pieces": 0}, 422, "no_carrier", id="no carrier, no pieces"),
    pytest.param("shipping", "/book", {"region": "north", "pieces": 0}, 422, "bad_input", id="no pieces"),
    pytest.param("orders", "/confirm", {"order_id": "1"}, 409, "no_order", id="no order to confirm"),
    pytest.param("orders", "/receipt", {}, 422, "bad_input", id="receipt for nothing"),
    pytest.param("orders", "/create", {"order_id": ""}, 422, "bad_input", id="no order number"),
    pytest.param("orders", "/create", {"order_id": "1", "delay_seconds": "x"}, 422, "bad_input", id="no delay"),
]


@pytest.mark.parametrize(("name", "path", "sent", "status", "code"), REFUSALS)
def test_refusals(participants: dict[str, Participant], name: str, path: str, sent: Any, status: int, code: str):
    saga = new_saga()
    answer = participants[name].call(path, saga, sent)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert participants[name].effects(saga) == []


def test_the_card_limit_is_for_one_charge(payments: Participant):
    for _ in range(3):
        assert payments.call("/charge", new_saga(), {"card": "card-low", "amount": 1000}).status_code == 200


def test_stock_runs_out_and_comes_back(inventory: Participant):
    first, second = new_saga(), new_saga()
    few = {"sku": "SKU-FEW", "qty": 5}
    assert inventory.call("/reserve", first, few).status_code == 200
    assert inventory.call("/reserve", second, few).json()["code"] == "no_stock"
    assert inventory.undo("/release", first).status_code == 200
    assert inventory.call("/reserve", second, few).status_code == 200
    assert inventory.undo("/release", second).status_code == 200


def test_the_last_pieces_are_given_to_one_of_many(inventory: Participant):
    def take_all():
        sagas.append(saga := new_saga())
        return inventory.call("/reserve", saga, {"sku": "SKU-FEW", "qty": 5})

    sagas: list[str] = []
    answers = inventory.at_once(10, take_all)
    for saga in sagas:
        inventory.undo("/release", saga)
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9


def test_the_same_order_number_may_come_again(orders: Participant):
    assert {orders.call("/create", new_saga(), {"order_id": "ORDER-1"}).status_code for _ in range(2)} == {200}


def step(participant: Participant, path: str, saga: str, step: str, sent: Any, *, undo: bool = False) -> Any:
    """A call for a step of its own, as one saga makes several to the same participant."""
    direction = "compensation" if undo else "action"
    body = {"saga_id": saga, "step": step, "direction": direction, "input": sent}
    headers = {"Idempotency-Key": f"{saga}:{step}:{direction}", "Saga-Epoch": "1"}
    return participant.http.post(participant.url + path, json=body, headers=headers)


def test_held_money_is_paid_out_once_and_then_it_is_too_late_to_free_it(payments: Participant):
    saga, before = new_saga(), payments.get("/balances")["accounts"]
    held = step(payments, "/hold", saga, "hold", {"card": "card-2", "amount": 900}).json()["hold"]
    assert payments.get("/balances")["accounts"]["held"] == before["held"] + 900
    assert step(payments, "/pay", saga, "pay", {"hold": held, "payee": "acc-1"}).json() == {
        "payee": "acc-1",
        "paid": 900,
    }
    again = step(payments, "/pay", saga, "again", {"hold": held, "payee": "acc-2"})
    assert (again.status_code, again.json()["code"]) == (422, "no_hold")
    late = step(payments, "/free", saga, "hold", None, undo=True)
    assert (late.status_code, late.json()["code"]) == (410, "paid_out")
    after = payments.get("/balances")["accounts"]
    changed = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert changed == {"card:card-2": -900, "account:acc-1": 900}


def test_freed_money_cannot_be_paid_out(payments: Participant):
    saga, before = new_saga(), payments.get("/balances")
    held = step(payments, "/hold", saga, "hold", {"card": "card-3", "amount": 700}).json()["hold"]
    freed = step(payments, "/free", saga, "hold", None, undo=True).json()
    assert freed == {"hold": held, "freed": 700}
    assert step(payments, "/pay", saga, "pay", {"hold": held, "payee": "acc-1"}).json()["code"] == "no_hold"
    assert payments.get("/balances") == before


def test_one_of_many_pays_the_held_money_out(payments: Participant):
    saga = new_saga()
    held = step(payments, "/hold", saga, "hold", {"card": "card-3", "amount": 500}).json()["hold"]
    paid = {"hold": held, "payee": "acc-3"}
    names = iter(range(10))
    answers = payments.at_once(10, lambda: step(payments, "/pay", saga, f"pay-{next(names)}", paid))
    assert sorted(answer.status_code for answer in answers) == [200] + [422] * 9


def test_an_order_is_confirmed_within_its_saga_and_cancelled_only_when_that_is_undone(orders: Participant):
    saga, other, number = new_saga(), new_saga(), {"order_id": "ORDER-2"}
    step(orders, "/create", saga, "create", number)
    assert step(orders, "/confirm", other, "confirm", number).json()["code"] == "no_order"
    assert step(orders, "/confirm", saga, "confirm", number).json() == {"order_id": "ORDER-2", "state": "confirmed"}
    refused = step(orders, "/cancel", saga, "create", None, undo=True)
    assert (refused.status_code, refused.json()["code"]) == (409, "confirmed")
    assert step(orders, "/unconfirm", saga, "confirm", None, undo=True).json()["state"] == "pending"
    assert step(orders, "/cancel", saga, "create", None, undo=True).json()["state"] == "cancelled"
    assert sum(amount for _, amount in orders.effects(saga)) == 0


def switch(payments: Participant, *, is_open: bool) -> None:
    assert payments.http.post(payments.url + "/admin/refunds", json={"open": is_open}).json() == {"open": is_open}


@pytest.fixture
def closed_refunds(payments: Participant) -> Iterator[None]:
    switch(payments, is_open=False)
    yield
    switch(payments, is_open=True)


@pytest.mark.usefixtures("closed_refunds")
def test_closed_refunds_answer_later_and_are_done_when_opened(payments: Participant):
    saga = new_saga()
    payments.call("/charge", saga, {"card": "card-1", "amount": 700})
    answer = payments.undo("/refund", saga)
    assert (answer.status_code, answer.json()["code"]) == (503, "refunds_closed")
    assert payments.get("/admin/refunds") == {"open": False}
    assert payments.state(saga, "compensation") == {"state": "absent"}
    switch(payments, is_open=True)
    assert payments.undo("/refund", saga).status_code == 200
    assert payments.effects(saga) == [("action", -700), ("compensation", 700)]


@pytest.mark.usefixtures("closed_refunds")
def test_an_empty_refund_needs_no_open_desk(payments: Participant):
    assert payments.undo("/refund", new_saga()).status_code == 200


@pytest.mark.parametrize("body", [b"{}", b'{"open": 0}', b"[]", b"not json"])
def test_the_switch_takes_true_or_false_only(payments: Participant, body: bytes):
    answer = payments.http.post(
        payments.url + "/admin/refunds", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert payments.get("/admin/refunds") == {"open": True}


def test_a_form_of_another_site_cannot_switch(payments: Participant):
    answer = payments.http.post(
        payments.url + "/admin/refunds", content=b'{"open": false}', headers={"content-type": "text/plain"}
    )
    assert answer.status_code == 400
    assert payments.get("/admin/refunds") == {"open": True}
