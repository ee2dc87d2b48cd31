"""POST /reserve sets stock aside and refuses when there is too little, POST /release puts it back."""

from django.db.models import F

from participants_demo.inputs import text, whole_number
from participants_demo.inventory.models import Reservation, Stock
from participants_demo.ledger import Effect
from participants_demo.protocol import Call, RefusedError
from participants_demo.service import Balances, Done, Service


def reserve(call: Call) -> Done:
    sku, qty = text(call.input, "sku"), whole_number(call.input, "qty", low=1, high=10_000)
    taken = Stock.objects.filter(sku=sku, available__gte=qty)
    if not taken.update(available=F("available") - qty, reserved=F("reserved") + qty):
        raise _too_little(sku, qty)
    Reservation.objects.create(key=call.key, sku=sku, qty=qty)
    return Done({"sku": sku, "reserved": qty}, _taken(sku, qty))


def release(call: Call) -> Done:
    kept = Reservation.objects.get(key=call.twin_key)
    Stock.objects.filter(sku=kept.sku).update(available=F("available") + kept.qty, reserved=F("reserved") - kept.qty)
    return Done({"sku": kept.sku, "released": kept.qty}, _taken(kept.sku, kept.qty).undone())


def balances() -> Balances:
    accounts = {}
    for stock in Stock.objects.order_by("sku"):
        accounts[f"available:{stock.sku}"] = stock.available
        accounts[f"reserved:{stock.sku}"] = stock.reserved
    return Balances("item", accounts)


def _taken(sku: str, qty: int) -> Effect:
    return Effect(unit="item", account=f"available:{sku}", amount=-qty, counter_account=f"reserved:{sku}")


def _too_little(sku: str, qty: int) -> RefusedError:
    stock = Stock.objects.filter(sku=sku).first()
    if stock is None:
        return RefusedError(f"there is no article {sku}", code="unknown_sku")
    return RefusedError(f"{stock.available} of {sku} in stock, {qty} asked for", code="no_stock", status=409)


SERVICE = Service(actions={"reserve": reserve}, compensations={"release": release}, balances=balances)
