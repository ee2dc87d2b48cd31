"""POST /book books the carrier of a region and refuses where there is none, POST /cancel cancels the booking."""

from django.db.models import Count

from participants_demo.inputs import text
from participants_demo.ledger import Effect
from participants_demo.protocol import Call, RefusedError
from participants_demo.service import Balances, Done, Service
from participants_demo.shipping.models import Booking, Carrier


def book(call: Call) -> Done:
    region = text(call.input, "region")
    carrier = Carrier.objects.filter(region=region).first()
    if carrier is None:
        raise RefusedError(f"no carrier delivers to {region}", code="no_carrier")
    Booking.objects.create(key=call.key, carrier=carrier.name)
    return Done({"carrier": carrier.name, "region": region}, _booked(carrier.name))


def cancel(call: Call) -> Done:
    booking = Booking.objects.get(key=call.twin_key)
    booking.cancelled = True
    booking.save(update_fields=["cancelled"])
    return Done({"carrier": booking.carrier, "cancelled": True}, _booked(booking.carrier).undone())


def balances() -> Balances:
    booked = dict(Booking.objects.filter(cancelled=False).values_list("carrier").annotate(Count("key")))
    accounts = {}
    for name in Carrier.objects.order_by("name").values_list("name", flat=True):
        accounts[f"booked:{name}"] = booked.get(name, 0)
        accounts[f"free:{name}"] = -booked.get(name, 0)
    return Balances("booking", accounts)


def _booked(carrier: str) -> Effect:
    return Effect(unit="booking", account=f"booked:{carrier}", amount=1, counter_account=f"free:{carrier}")


SERVICE = Service(actions={"/book": book}, compensations={"/cancel": cancel}, balances=balances)
