"""P12 and P13 for acts: every act is audited once, the audit's chain verifies, the same act twice has one effect."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.faults.facts import Audited, Facts
from tests.faults.verdicts import Miss, Verdict, verdict

_DONE = (200, 201)
_CHANGE_NOTHING_TWICE = ("pause", "resume")  # granted where the saga is so already, and then no line of the journal
_ANSWERS = {*_DONE, 403, 409}  # whoever got one of these knows what became of the act


def verdicts(facts: Facts) -> list[Verdict]:
    doubled = sum(bool(act.twin) for act in facts.acts)
    return [
        verdict("P12a", "acts without exactly one audit row", len(facts.acts), unaudited(facts)),
        verdict("P12b", "the audit's chain does not verify, or not all of it", facts.chain.rows, broken(facts)),
        verdict("P13b", "the same act twice: more than one effect", doubled, doubly_done(facts)),
    ]


def unaudited(facts: Facts) -> Iterator[Miss]:
    """One row per act that was answered, which says what was answered; at most one where no answer came."""
    rows: defaultdict[str, list[Audited]] = defaultdict(list)
    for row in facts.audited:
        rows[row.reason].append(row)
    for act in facts.acts:
        mine = rows.pop(act.reason, [])
        expected = [(act.saga_id, act.act, act.status in _DONE)] if act.status in _ANSWERS else []
        found = [(row.saga_id, row.act, row.granted) for row in mine]
        if found != expected and (act.status in _ANSWERS or len(found) > 1):
            yield Miss(act.saga_id, f"{act.act} ({act.reason}) was answered {act.status} and audited {found}")
    for reason, unknown in rows.items():
        yield Miss(unknown[0].saga_id, f"audited, and nobody did it: {reason}")


def broken(facts: Facts) -> Iterator[Miss]:
    """The chain is whole, and every row is in it: nothing waits any more when the run is over."""
    chain = facts.chain
    if chain.status != 0 or f"{chain.rows} rows verified, 0 wait" not in chain.said:
        yield Miss("", f"{chain.rows} audit rows, and verify ended with {chain.status}: {chain.said}")


def doubly_done(facts: Facts) -> Iterator[Miss]:
    """Two requests for one act on one revision: one of them stands in the journal, at most."""
    effects = Counter(event.reason for event in facts.events)
    done_before = {(event.saga_id, event.kind) for event in facts.events if event.kind in _CHANGE_NOTHING_TWICE}
    for act in facts.acts:
        if act.twin and effects[act.reason] + effects[act.twin] > 1:
            yield Miss(act.saga_id, f"{act.act} was done by both of {act.twin} and {act.reason}")
        as_it_was = (act.saga_id, act.act) in done_before
        if act.twin and act.status in _DONE and not as_it_was and effects[act.reason] + effects[act.twin] == 0:
            yield Miss(act.saga_id, f"{act.act} ({act.reason}) was granted and is not in the journal")
