"""POST /book books the carrier of a region and refuses where there is none, POST /cancel cancels the booking.

Two carriers take their time: the ferry to the island calls back, the mules of the mountain must be asked. Both may say
no in the end: they carry a few pieces only.
"""

from django.db.models import Count

from participants_demo.inputs import answer_seconds, text, whole_number
from participants_demo.ledger import Effect
from participants_demo.protocol import Call, RefusedError
from participants_demo.service import Balances, Done, Later, Service
from participants_demo.shipping.models import Booking, Carrier


def book(call: Call) -> Done | Later:
    carrier = _carrier(call)
    if carrier.answers == Carrier.Answers.AT_ONCE:
        return confirm(call)
    calls_back = carrier.answers == Carrier.Answers.CALLS_BACK
    return Later("confirm", seconds=answer_seconds(call.input), calls_back=calls_back)


def confirm(call: Call) -> Done:
    carrier, pieces = _carrier(call), whole_number(call.input, "pieces", low=1, high=10_000, usual=1)
    if carrier.most_pieces is not None and pieces > carrier.most_pieces:
        raise RefusedError(f"{carrier.name} takes {carrier.most_pieces} pieces at most", code="too_many_pieces")
    Booking.objects.create(key=call.key, carrier=carrier.name)
    return Done({"carrier": carrier.name, "region": carrier.region}, _booked(carrier.name))


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


def _carrier(call: Call) -> Carrier:
    region = text(call.input, "region")
    carrier = Carrier.objects.filter(region=region).first()
    if carrier is None:
        raise RefusedError(f"no carrier delivers to {region}", code="no_carrier")
    return carrier


def _booked(carrier: str) -> Effect:
    return Effect(unit="booking", account=f"booked:{carrier}", amount=1, counter_account=f"free:{carrier}")


SERVICE = Service(
    actions={"/book": book}, compensations={"/cancel": cancel}, balances=balances, confirmations={"confirm": confirm}
)
