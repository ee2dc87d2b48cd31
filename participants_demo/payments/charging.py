"""POST /charge takes money from a card and refuses above the card's limit, POST /refund gives it back.

The limit is for one charge, so that cards are not used up by long traffic.
"""

from participants_demo.inputs import text, whole_number
from participants_demo.ledger import Effect
from participants_demo.payments import refund_desk
from participants_demo.payments.models import Card, Charge
from participants_demo.protocol import Call, RefusedError
from participants_demo.service import Done


def charge(call: Call) -> Done:
    name, amount = within_limit(call)
    Charge.objects.create(key=call.key, card=name, amount=amount)
    return Done({"card": name, "charged": amount}, _paid(name, amount))


def refund(call: Call) -> Done:
    refund_desk.check_open()
    charged = Charge.objects.get(key=call.twin_key)
    charged.refunded = True
    charged.save(update_fields=["refunded"])
    return Done({"card": charged.card, "refunded": charged.amount}, _paid(charged.card, charged.amount).undone())


def within_limit(call: Call) -> tuple[str, int]:
    """The card and the amount in cents that a call names. Raises RefusedError."""
    name, amount = text(call.input, "card"), whole_number(call.input, "amount", low=1, high=100_000_000)
    card = Card.objects.filter(name=name).first()
    if card is None:
        raise RefusedError(f"there is no card {name}", code="unknown_card")
    if amount > card.limit:
        raise RefusedError(f"{amount} cents is above the limit of {card.limit} cents", code="card_limit")
    return name, amount


def _paid(name: str, amount: int) -> Effect:
    return Effect(unit="cent", account=f"card:{name}", amount=-amount, counter_account="merchant")
