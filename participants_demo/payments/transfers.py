"""POST /hold sets money of a card aside, POST /free gives it back, POST /pay pays it out, for ever.

A payment has no undo: the money is with the payee then. So /pay is a pivot, and after it /free answers 410.
"""

from collections.abc import Iterable
from uuid import uuid4

from django.db.models import QuerySet, Sum

from participants_demo.inputs import text
from participants_demo.ledger import Effect
from participants_demo.payments.charging import within_limit
from participants_demo.payments.models import Account, Hold
from participants_demo.protocol import Call, GoneError, RefusedError
from participants_demo.service import Done


def hold(call: Call) -> Done:
    name, amount = within_limit(call)
    made = Hold.objects.create(key=call.key, number=uuid4().hex[:12], card=name, amount=amount)
    return Done({"hold": made.number, "held": amount}, _set_aside(made))


def free(call: Call) -> Done:
    held = Hold.objects.get(key=call.twin_key)
    # The condition stands in the UPDATE: a payment of the same money may be under way.
    if not Hold.objects.filter(key=held.key, state="held").update(state="freed"):
        raise GoneError("the money was paid out, and nobody can take it back", code="paid_out")
    return Done({"hold": held.number, "freed": held.amount}, _set_aside(held).undone())


def pay(call: Call) -> Done:
    number, payee = text(call.input, "hold"), _payee(call)
    if not Hold.objects.filter(number=number, state="held").update(state="paid", payee=payee):
        raise RefusedError(f"no money is held under {number}", code="no_hold")
    held = Hold.objects.get(number=number)
    effect = Effect(unit="cent", account=f"account:{payee}", amount=held.amount, counter_account="held")
    return Done({"payee": payee, "paid": held.amount}, effect)


def accounts(cards: Iterable[str]) -> dict[str, int]:
    """What holds and payments make of the accounts, in cents: of each card, of what is held, and of each payee."""
    taken = _sums(Hold.objects.exclude(state="freed"), "card")
    paid = _sums(Hold.objects.filter(state="paid"), "payee")
    payees = Account.objects.order_by("name").values_list("name", flat=True)
    return {
        **{f"card:{name}": -taken.get(name, 0) for name in cards},
        "held": sum(taken.values()) - sum(paid.values()),
        **{f"account:{name}": paid.get(name, 0) for name in payees},
    }


def _payee(call: Call) -> str:
    name = text(call.input, "payee")
    account = Account.objects.filter(name=name).first()
    if account is None:
        raise RefusedError(f"there is no account {name}", code="unknown_account")
    if not account.open:
        raise RefusedError(f"the account {name} is closed", code="account_closed")
    return name


def _sums(holds: QuerySet[Hold], column: str) -> dict[str, int]:
    return {str(name): int(amount) for name, amount in holds.values_list(column).annotate(Sum("amount"))}


def _set_aside(held: Hold) -> Effect:
    return Effect(unit="cent", account=f"card:{held.card}", amount=-held.amount, counter_account="held")
