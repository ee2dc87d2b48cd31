"""Cards that are charged for goods, and money that is held on cards and paid out."""

from collections import Counter

from django.db.models import Sum

from participants_demo.payments import refund_desk
from participants_demo.payments.charging import charge, refund
from participants_demo.payments.models import Card, Charge
from participants_demo.payments.transfers import accounts, free, hold, pay
from participants_demo.service import Balances, Service


def balances() -> Balances:
    charged = dict(Charge.objects.filter(refunded=False).values_list("card").annotate(Sum("amount")))
    names = list(Card.objects.order_by("name").values_list("name", flat=True))
    moved = Counter(accounts(names))
    moved.subtract({f"card:{name}": charged.get(name, 0) for name in names})
    return Balances("cent", {**moved, "merchant": sum(charged.values())})


SERVICE = Service(
    actions={"/charge": charge, "/hold": hold, "/pay": pay},
    compensations={"/refund": refund, "/free": free},
    balances=balances,
    more_routes={("GET", "/admin/refunds"): refund_desk.show, ("POST", "/admin/refunds"): refund_desk.switch},
)
