"""POST /create makes a pending order, POST /cancel cancels it."""

from participants_demo.inputs import text
from participants_demo.ledger import Effect
from participants_demo.orders.models import Order
from participants_demo.protocol import Call
from participants_demo.service import Balances, Done, Service

ONE_MORE = Effect(unit="order", account="pending", amount=1, counter_account="outside")


def create(call: Call) -> Done:
    order = Order.objects.create(key=call.key, number=text(call.input, "order_id"))
    return Done({"order_id": order.number, "state": order.state}, ONE_MORE)


def cancel(call: Call) -> Done:
    order = Order.objects.get(key=call.twin_key)
    order.state = "cancelled"
    order.save(update_fields=["state"])
    return Done({"order_id": order.number, "state": order.state}, ONE_MORE.undone())


def balances() -> Balances:
    pending = Order.objects.filter(state="pending").count()
    return Balances("order", {"pending": pending, "outside": -pending})


SERVICE = Service(actions={"/create": create}, compensations={"/cancel": cancel}, balances=balances)
