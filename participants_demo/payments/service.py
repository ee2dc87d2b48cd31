"""POST /charge takes money from a card and refuses above the card's limit, POST /refund gives it back.

The limit is for one charge, so that cards are not used up by long traffic.
"""

from django.db.models import Sum

from participants_demo.inputs import text, whole_number
from participants_demo.ledger import Effect
from participants_demo.payments import refund_desk
from participants_demo.payments.models import Card, Charge
from participants_demo.protocol import Call, RefusedError
from participants_demo.service import Balances, Done, Service


def charge(call: Call) -> Done:
    name, amount = text(call.input, "card"), whole_number(call.input, "amount", low=1, high=100_000_000)
    card = Card.objects.filter(name=name).first()
    if card is None:
        raise RefusedError(f"there is no card {name}", code="unknown_card")
    if amount > card.limit:
        raise RefusedError(f"{amount} cents is above the limit of {card.limit} cents", code="card_limit")
    Charge.objects.create(key=call.key, card=name, amount=amount)
    return Done({"card": name, "charged": amount}, _paid(name, amount))


def refund(call: Call) -> Done:
    refund_desk.check_open()
    charged = Charge.objects.get(key=call.twin_key)
    charged.refunded = True
    charged.save(update_fields=["refunded"])
    return Done({"card": charged.card, "refunded": charged.amount}, _paid(charged.card, charged.amount).undone())


def balances() -> Balances:
    charged = dict(Charge.objects.filter(refunded=False).values_list("card").annotate(Sum("amount")))
    names = Card.objects.order_by("name").values_list("name", flat=True)
    accounts = {f"card:{name}": -charged.get(name, 0) for name in names}
    return Balances("cent", {**accounts, "merchant": sum(charged.values())})


def _paid(card: str, amount: int) -> Effect:
    return Effect(unit="cent", account=f"card:{card}", amount=-amount, counter_account="merchant")


SERVICE = Service(
    actions={"/charge": charge},
    compensations={"/refund": refund},
    balances=balances,
    more_routes={("GET", "/admin/refunds"): refund_desk.show, ("POST", "/admin/refunds"): refund_desk.switch},
)
