"""What a run tells: the table of promises, counts, and for each miss what is needed to find its cause."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from tests.faults import recovery
from tests.faults.facts import Done, Facts
from tests.faults.schedule import Kind
from tests.faults.settle import Settled
from tests.faults.verdicts import Verdict

_SAGAS_SHOWN = 5
# The engine's own counters, and how the report calls them.
COUNTERS = {"stale_writes": "stale writes refused", "lost_leases": "drains that woke without their lease"}


def table(verdicts: Sequence[Verdict]) -> str:
    """One line per promise."""
    lines = [f"{'':5}{'promise':56}{'checked':>9}{'misses':>8}"]
    for one in verdicts:
        start = f"{one.promise:5}{one.statement:56}"
        if one.not_yet:
            lines.append(f"{start}{'':17}  not yet: {one.not_yet}")
        else:
            figure = f"  {one.figure}" if one.figure else ""
            lines.append(f"{start}{one.looked_at:9}{len(one.misses):8}  {'PASS' if one.kept else 'MISSED'}{figure}")
    return "\n".join(lines)


def counts(facts: Facts, settled: Settled, engine: Mapping[str, int], answers: Counter[str]) -> str:
    """What happened, in figures."""
    acts = Counter(f"{act.act} {act.status or 'unanswered'}" for act in facts.acts)
    crashes = recovery.after_crash_rules(facts.attempts, facts.damage).total_seconds()
    lines = {
        "sagas by end": _words(Counter(saga.status for saga in facts.sagas)),
        "broken": _words(Counter(done.kind for done in facts.damage)),
        "faults injected": _words(Counter(attempt.fault for attempt in facts.attempts if attempt.fault)) or "none",
        "acts": _words(acts) or "none",
        "tries": _words(Counter(attempt.outcome for attempt in facts.attempts)),
        **{said: str(engine[name]) for name, said in COUNTERS.items()},
        "answers to launches and acts": _words(answers),
        "answers to bad requests": _words(Counter(str(one.status) for one in facts.nonsense)),
        "throughput": _throughput(facts),
        "crashed by a rule: from the call to the next try": f"{crashes:.1f} s at most",
        "all settled after the last fault": f"{settled.seconds:.1f} s; {len(settled.repaired)} were stuck and repaired",
    }
    lines |= {f"  {saga_id}": reason for saga_id, reason in settled.repaired.items()}
    return "\n".join(f"{name}: {value}" for name, value in lines.items())


def misses(verdicts: Sequence[Verdict], facts: Facts) -> str:
    """Every breach, and the whole story of the first sagas concerned."""
    lines = [f"{one.promise} {miss.saga_id} {miss.what}" for one in verdicts for miss in one.misses[:20]]
    concerned = dict.fromkeys(miss.saga_id for one in verdicts for miss in one.misses if miss.saga_id)
    for saga_id in list(concerned)[:_SAGAS_SHOWN]:
        lines += ["", *_story(saga_id, facts)]
    lines += ["", "what was broken:", *(f"  {done.at:%H:%M:%S.%f} {done.kind} {done.what}" for done in facts.damage)]
    return "\n".join(lines)


def killed(damage: Sequence[Done]) -> int:
    """How many times something was killed, frozen or emptied."""
    return sum(done.kind is not Kind.RULE for done in damage)


def _story(saga_id: str, facts: Facts) -> Iterator[str]:
    rows = (facts.sagas, facts.steps, facts.events, facts.attempts, facts.effects)
    yield f"saga {saga_id}"
    for kind in rows:
        for row in kind:
            if saga_id in (getattr(row, "saga_id", ""), getattr(row, "id", "")):
                yield f"  {row}".replace(f"saga_id='{saga_id}', ", "").replace("datetime.datetime", "")


def _throughput(facts: Facts) -> str:
    ends = [saga.finished_at for saga in facts.sagas if saga.finished_at]
    starts = [saga.created_at for saga in facts.sagas if saga.created_at]
    if not ends or not starts:
        return "nothing ended"
    seconds = (max(ends) - min(starts)).total_seconds()
    return f"{len(ends)} sagas in {seconds:.1f} s, {len(ends) / seconds:.1f} per second"


def _words(values: "Counter[str] | Counter[Kind]") -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(values.items()))
