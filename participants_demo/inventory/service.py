"""POST /reserve sets stock aside and refuses when there is too little, POST /release puts it back."""

from collections.abc import Iterator
from zlib import crc32

from django.db.models import F, Max, Sum

from participants_demo.inputs import text, whole_number
from participants_demo.inventory.models import Reservation, Shelf
from participants_demo.ledger import Effect
from participants_demo.protocol import Call, RefusedError
from participants_demo.service import Balances, Done, Service

SHELVES = 8  # of an article that many ask for


def reserve(call: Call) -> Done:
    sku, qty = text(call.input, "sku"), whole_number(call.input, "qty", low=1, high=10_000)
    shelf = _take(sku, qty, call.key)
    Reservation.objects.create(key=call.key, shelf=shelf, sku=sku, qty=qty)
    return Done({"sku": sku, "reserved": qty}, _taken(sku, qty))


def release(call: Call) -> Done:
    kept = Reservation.objects.get(key=call.twin_key)
    Shelf.objects.filter(sku=kept.sku, number=kept.shelf).update(
        available=F("available") + kept.qty, reserved=F("reserved") - kept.qty
    )
    return Done({"sku": kept.sku, "released": kept.qty}, _taken(kept.sku, kept.qty).undone())


def balances() -> Balances:
    accounts = {}
    totals = Shelf.objects.values_list("sku").annotate(Sum("available"), Sum("reserved")).order_by("sku")
    for sku, available, reserved in totals:
        accounts[f"available:{sku}"] = int(available)
        accounts[f"reserved:{sku}"] = int(reserved)
    return Balances("item", accounts)


def _take(sku: str, qty: int, key: str) -> int:
    """Take from one shelf, and return its number. Raises RefusedError."""
    for number in _shelves(sku, qty, key):
        # The condition stands in the UPDATE, where the row is locked: whoever comes second sees what is left.
        shelf = Shelf.objects.filter(sku=sku, number=number, available__gte=qty)
        if shelf.update(available=F("available") - qty, reserved=F("reserved") + qty):
            return number
    raise _too_little(sku, qty)


def _shelves(sku: str, qty: int, key: str) -> Iterator[int]:
    # Calls for one article begin at different shelves: at the same row, each would wait for the commit before it.
    yield crc32(key.encode()) % SHELVES
    yield from Shelf.objects.filter(sku=sku, available__gte=qty).values_list("number", flat=True).order_by("number")


def _too_little(sku: str, qty: int) -> RefusedError:
    most = Shelf.objects.filter(sku=sku).aggregate(most=Max("available"))["most"]
    if most is None:
        return RefusedError(f"there is no article {sku}", code="unknown_sku")
    return RefusedError(f"{qty} of {sku} asked for, no shelf has more than {most}", code="no_stock", status=409)


def _taken(sku: str, qty: int) -> Effect:
    return Effect(unit="item", account=f"available:{sku}", amount=-qty, counter_account=f"reserved:{sku}")


SERVICE = Service(actions={"/reserve": reserve}, compensations={"/release": release}, balances=balances)
