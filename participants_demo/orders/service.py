"""POST /create makes a pending order, POST /cancel cancels it; /confirm and /unconfirm; /receipt and /void-receipt."""

from participants_demo.inputs import text
from participants_demo.ledger import Effect
from participants_demo.orders.models import Order, Receipt
from participants_demo.protocol import Call, RefusedError
from participants_demo.service import Balances, Done, Service

ONE_MORE = Effect(unit="order", account="pending", amount=1, counter_account="outside")
CONFIRMED = Effect(unit="order", account="confirmed", amount=1, counter_account="pending")
WITH_RECEIPT = Effect(unit="order", account="with receipt", amount=1, counter_account="without receipt")


def create(call: Call) -> Done:
    order = Order.objects.create(key=call.key, saga_id=call.saga_id, number=text(call.input, "order_id"))
    return Done({"order_id": order.number, "state": order.state}, ONE_MORE)


def cancel(call: Call) -> Done:
    order = Order.objects.get(key=call.twin_key)
    if not Order.objects.filter(key=order.key, state="pending").update(state="cancelled"):
        raise RefusedError(
            f"order {order.number} is confirmed: that must be undone first", code="confirmed", status=409
        )
    return Done({"order_id": order.number, "state": "cancelled"}, ONE_MORE.undone())


def confirm(call: Call) -> Done:
    """The saga's own pending order with that number; there is one, or the call is refused."""
    number = text(call.input, "order_id")
    pending = Order.objects.filter(saga_id=call.saga_id, number=number, state="pending")
    if not pending.update(state="confirmed", confirmed_by=call.key):
        raise RefusedError(f"this saga has no pending order {number}", code="no_order", status=409)
    return Done({"order_id": number, "state": "confirmed"}, CONFIRMED)


def unconfirm(call: Call) -> Done:
    order = Order.objects.get(confirmed_by=call.twin_key)
    order.state, order.confirmed_by = "pending", ""
    order.save(update_fields=["state", "confirmed_by"])
    return Done({"order_id": order.number, "state": order.state}, CONFIRMED.undone())


def write_receipt(call: Call) -> Done:
    receipt = Receipt.objects.create(key=call.key, order_number=text(call.input, "order_id"))
    return Done({"order_id": receipt.order_number}, WITH_RECEIPT)


def void_receipt(call: Call) -> Done:
    receipt = Receipt.objects.get(key=call.twin_key)
    receipt.void = True
    receipt.save(update_fields=["void"])
    return Done({"order_id": receipt.order_number, "void": True}, WITH_RECEIPT.undone())


def balances() -> Balances:
    pending = Order.objects.filter(state="pending").count()
    confirmed = Order.objects.filter(state="confirmed").count()
    receipts = Receipt.objects.filter(void=False).count()
    return Balances("order", {
        "pending": pending, "confirmed": confirmed, "outside": -pending - confirmed,
        "with receipt": receipts, "without receipt": -receipts,
    })  # fmt: skip


SERVICE = Service(
    actions={"/create": create, "/confirm": confirm, "/receipt": write_receipt},
    compensations={"/cancel": cancel, "/unconfirm": unconfirm, "/void-receipt": void_receipt},
    balances=balances,
)
