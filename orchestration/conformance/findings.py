"""What is promised, and what was found."""

from enum import StrEnum
from typing import NamedTuple

PROMISES = {
    "action": "it does the action, and answers done",
    "repeat": "the same action again gets the first answer",
    "twins": "the same action eight times at once happens once, and every copy is answered alike or told to wait",
    "undo": "it undoes the action, and answers done",
    "undo-repeat": "the same undo again gets the first answer",
    "undo-blind": "it undoes also when nobody knows the action's output",
    "empty-undo": "an undo whose action never came is accepted",
    "empty-undo-repeat": "and accepted again",
    "late-action": "an action that comes after its undo is refused",
    "race": "an action and its undo at the same time end undone",
    "epoch": "a call with an older epoch than one seen before is answered stale_epoch",
    "epoch-undo": "and so is an undo",
    "refusal": "it refuses what it cannot do",
    "refusal-undo": "the undo of a refused action is accepted",
    "refusal-forgotten": "the key of a refused action may succeed later",
    "status-done": "the status endpoint says done, with the output",
    "status-absent": "the status endpoint says absent of a key that it does not know",
    "status-undone": "the status endpoint says compensated of an action that was undone, and done of its undo",
    "status-empty": "the status endpoint says compensated of an action whose undo came first",
    "status-refused": "the status endpoint says refused of an action that was refused",
    "ledger-once": "the ledger has one entry for the action, however often it came",
    "ledger-undone": "the ledger has one entry for the undo, however often it came",
    "ledger-nothing": "the ledger has no entry for an empty undo, a late action or a refusal",
    "ledger-race": "the ledger has as many undos as actions after the race",
    "signature": "a call with a wrong signature is refused",
}


class Verdict(StrEnum):
    KEPT = "kept"
    BROKEN = "broken"
    SKIPPED = "skipped"


class Finding(NamedTuple):
    """`rule`: a key of PROMISES. `seen`: what happened instead, or why it could not be looked at."""

    rule: str
    verdict: Verdict
    seen: str = ""

    @property
    def promise(self) -> str:
        return PROMISES[self.rule]


def kept_if(rule: str, good: bool, seen: str) -> Finding:
    return Finding(rule, Verdict.KEPT) if good else Finding(rule, Verdict.BROKEN, seen)


def skipped(rule: str, why: str) -> Finding:
    return Finding(rule, Verdict.SKIPPED, why)
