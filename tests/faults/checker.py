"""The promises about sagas and effects, each a pure function of the facts. It never believes the orchestrator alone."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from orchestration.core.states import ENDED
from tests.faults import acted, hermit, intents, journal, memory, nonsense, owned, pile, recovery
from tests.faults.facts import Effect, Facts, Step, by_saga
from tests.faults.verdicts import Miss, Verdict, verdict

COMPLETED, COMPENSATED, ABANDONED = "completed", "compensated", "abandoned"
NOT_YET = (Verdict("P14", "secrets found where they must not be", not_yet="secrets cannot be marked in a schema yet"),)


def check(facts: Facts) -> list[Verdict]:
    """All promises, in order."""
    facts = replace(facts, effects=owned.by_owner(facts))
    found = [
        verdict(promise, statement, looked_at(facts), misses(facts))
        for promise, statement, looked_at, misses in _PROMISES
    ]
    found += [*recovery.verdicts(facts), *acted.verdicts(facts), nonsense.verdict_on(facts)]
    found += [
        pile.verdict_on(facts),
        memory.verdict_on(facts),
        owned.verdict_on(facts),
        *hermit.verdicts(facts),
        *NOT_YET,
    ]
    return sorted(found, key=_in_order)


def _in_order(one: Verdict) -> tuple[int, str]:
    return int(one.promise.strip("Pabc")), one.promise


def lost(facts: Facts) -> Iterator[Miss]:
    """P1: what was acknowledged is stored; no effect belongs to a saga that is not."""
    stored = {saga.id for saga in facts.sagas}
    for key, saga_id in facts.acknowledged.items():
        if saga_id not in stored:
            yield Miss(saga_id, f"acknowledged for key {key}, and not stored")
    for saga_id in sorted({effect.saga_id for effect in facts.effects} - stored):
        yield Miss(saga_id, "has effects, and is not stored")


def doubled(facts: Facts) -> Iterator[Miss]:
    """P2: at most one effect per saga, step and direction."""
    counts = Counter((effect.saga_id, effect.step, effect.direction) for effect in facts.effects)
    for (saga_id, step, direction), count in counts.items():
        if count > 1:
            yield Miss(saga_id, f"{count} effects of the {direction} of {step}")


def wrong_ends(facts: Facts) -> Iterator[Miss]:
    """P3: completed = each effect once and no undo; compensated = nothing left standing, for every step."""
    steps, effects = by_saga(facts.steps), by_saga(facts.effects)
    skipped_by_a_person = {act.saga_id for act in facts.acts if act.act == "skip"}
    for saga in facts.sagas:
        mine = effects.get(saga.id, [])
        if saga.status == COMPLETED:
            yield from _not_completed(saga.id, steps.get(saga.id, []), mine)
        elif saga.status == COMPENSATED:
            yield from _left_standing(saga.id, mine)
        elif saga.status == ABANDONED and saga.id in skipped_by_a_person:
            yield from _said_to_be_undone(saga.id, steps.get(saga.id, []), mine)
        elif saga.status in ENDED and not saga.restarted_as:
            yield Miss(saga.id, f"ended {saga.status}, and nobody asked for it")


def _not_completed(saga_id: str, steps: list[Step], effects: list[Effect]) -> Iterator[Miss]:
    expected = Counter((step.name, "action") for step in steps if step.kind == "call" and step.status != "skipped")
    found = Counter((effect.step, effect.direction) for effect in effects)
    if not expected:
        yield Miss(saga_id, "completed without a step")
    for step, direction in sorted((expected - found) | (found - expected)):
        yield Miss(saga_id, f"completed with {found[step, direction]} effects of the {direction} of {step}")


def _left_standing(saga_id: str, effects: list[Effect]) -> Iterator[Miss]:
    """Undos answer actions one to one, and money and stock are back where they were."""
    for step in sorted({effect.step for effect in effects}):
        mine = [effect for effect in effects if effect.step == step]
        directions = Counter(effect.direction for effect in mine)
        moved = {account: amount for account, amount in _sums(mine).items() if amount}
        if directions["action"] != directions["compensation"] or moved:
            yield Miss(saga_id, f"compensated, and {step} has {dict(directions)} and leaves {moved}")


def _said_to_be_undone(saga_id: str, steps: list[Step], effects: list[Effect]) -> Iterator[Miss]:
    """Somebody gave up an undo: what stands must not be called compensated."""
    standing = Counter(effect.step for effect in effects if effect.direction == "action")
    standing -= Counter(effect.step for effect in effects if effect.direction == "compensation")
    for step in steps:
        if step.status == "compensated" and standing[step.name]:
            yield Miss(saga_id, f"abandoned, and {step.name} is called compensated while its effect stands")


def unbalanced(facts: Facts) -> Iterator[Miss]:
    """P4: totals are what they were, and each account has moved by exactly what the ledger says."""
    for participant, before in facts.books_before.items():
        after = facts.books_after.get(participant, {})
        if sum(before.values()) != sum(after.values()):
            yield Miss("", f"{participant}: the total went from {sum(before.values())} to {sum(after.values())}")
        moved = _sums([effect for effect in facts.effects if effect.participant == participant])
        for account in sorted({*before, *after, *moved}):
            expected = before.get(account, 0) + moved[account]
            if expected != after.get(account, 0):
                yield Miss("", f"{participant}: {account} holds {after.get(account, 0)}, its ledger says {expected}")


def _accounts(facts: Facts) -> int:
    return sum(len(accounts) for accounts in facts.books_before.values())


def _sums(effects: list[Effect]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for effect in effects:
        sums[effect.account] += effect.amount
        sums[effect.counter_account] -= effect.amount
    return sums


def illegal_moves(facts: Facts) -> Iterator[Miss]:
    """P5, first half: the journal tells a legal life of each saga, without gaps, that ends where the rows stand."""
    events, steps = by_saga(facts.events), by_saga(facts.steps)
    for saga in facts.sagas:
        for what in journal.broken_rules(saga, steps.get(saga.id, []), events.get(saga.id, [])):
            yield Miss(saga.id, what)


def old_epochs(facts: Facts) -> Iterator[Miss]:
    """P5, second half: nothing was written under an epoch lower than one written before it."""
    events, attempts = by_saga(facts.events), by_saga(facts.attempts)
    for saga in facts.sagas:
        for what in journal.fallen_epochs(saga, events.get(saga.id, []), attempts.get(saga.id, [])):
            yield Miss(saga.id, what)


def unended(facts: Facts) -> Iterator[Miss]:
    """P6: nothing lay due for a minute, and in the end (after one retry of what was stuck) everything has ended."""
    for saga in facts.overdue:
        yield Miss(saga.id, f"due since {saga.due_at}, a minute after the last fault nobody works on it")
    for saga in facts.sagas:
        if saga.status not in ENDED:
            yield Miss(saga.id, f"did not end: {saga.status} {saga.stuck_reason}".rstrip())


def doubly_launched(facts: Facts) -> Iterator[Miss]:
    """P13: one saga per idempotency key, which is the order's number and so its business key."""
    launched = [saga for saga in facts.sagas if not (saga.parent_id or saga.restarted_from)]
    counts = Counter(saga.business_key for saga in launched)
    for saga in launched:
        if counts[saga.business_key] > 1:
            yield Miss(saga.id, f"{counts[saga.business_key]} sagas for key {saga.business_key}")


_Promise = tuple[str, str, Callable[[Facts], int], Callable[[Facts], Iterator[Miss]]]
_PROMISES: tuple[_Promise, ...] = (
    ("P1", "acknowledged and then lost", lambda facts: len(facts.acknowledged), lost),
    ("P2", "more than one effect per saga, step and direction", lambda facts: len(facts.effects), doubled),
    ("P3", "ends that the ledgers contradict", lambda facts: len(facts.sagas), wrong_ends),
    ("P4", "accounts that moved otherwise than their ledger", _accounts, unbalanced),
    ("P5a", "illegal moves", lambda facts: len(facts.events), illegal_moves),
    ("P5b", "writes accepted from an old epoch", lambda facts: len(facts.events) + len(facts.attempts), old_epochs),
    ("P5c", "effects without an intent that was committed", lambda facts: len(facts.effects), intents.unintended),
    ("P6", "due for a minute after the last fault, or never ended", lambda facts: len(facts.sagas), unended),
    ("P13a", "launches doubled", lambda facts: len(facts.acknowledged), doubly_launched),
)  # fmt: skip
