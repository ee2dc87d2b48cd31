"""Why a saga is stuck and why an act does not fit, in plain words of the reader's language."""

import re
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from orchestration.core.saga_state import Stuck


@dataclass(frozen=True, slots=True)
class Explanation:
    """What happened, and what to do about it."""

    what: str | Promise
    advice: str | Promise


STUCK: dict[str, Explanation] = {
    Stuck.COMPENSATION_REFUSED: Explanation(
        gettext_lazy("A participant refuses to undo its step."),
        gettext_lazy(
            "Find out at the participant why. When the cause is removed, retry; what cannot be undone can be skipped."
        ),
    ),
    Stuck.NEVER_UNDOABLE: Explanation(
        gettext_lazy("A participant says that its step can never be undone."),
        gettext_lazy("Retrying cannot help. Skip the step: its effect stands, the rest is undone."),
    ),
    Stuck.COMPENSATION_EXHAUSTED: Explanation(
        gettext_lazy("A step could not be undone, and all tries are spent."),
        gettext_lazy("Remove the cause (see the last error), then retry: the undo gets a fresh set of tries."),
    ),
    Stuck.HELD: Explanation(
        gettext_lazy("A step failed in all its tries, and the definition says to wait for a person."),
        gettext_lazy("Retry when the cause is removed, or compensate to undo what was done so far."),
    ),
    Stuck.PIVOT_IN_DOUBT: Explanation(
        gettext_lazy("Nobody knows whether the pivot took effect, and all its tries are spent."),
        gettext_lazy("Find out at the participant, then resolve the step. Nothing is undone on a guess."),
    ),
    Stuck.PIVOT_NOT_APPLIED: Explanation(
        gettext_lazy("The pivot did not take effect: somebody found that out."),
        gettext_lazy("Retry when the cause is removed, skip it, or compensate to undo what was done before it."),
    ),
    Stuck.PAST_PIVOT: Explanation(
        gettext_lazy("A step failed after the pivot. From there the saga only goes forward."),
        gettext_lazy("Retry when the cause is removed, or skip the step."),
    ),
    Stuck.STILL_FAILED: Explanation(
        gettext_lazy("Another step of the same stage failed before and still needs a person."),
        gettext_lazy("Look at each failed step: retry it, skip it, or compensate."),
    ),
    Stuck.WORKER_DIED: Explanation(
        gettext_lazy("The worker died again and again while it called this step."),
        gettext_lazy("Something in this call kills the worker. Look at the workers' log before you retry."),
    ),
    Stuck.STALE_EPOCH: Explanation(
        gettext_lazy("The participant has seen a newer owner of this saga than the living one."),
        gettext_lazy("Clocks or databases may have been set back. Check the participant's barrier, then retry."),
    ),
    Stuck.SUB_SAGA_ABANDONED: Explanation(
        gettext_lazy("A person has abandoned the sub-saga of a step, and some of its effects stand."),
        gettext_lazy(
            "Put right by hand what stands there, then resolve the step: as done, or, on the way back, as undone."
        ),
    ),
    Stuck.CANNOT_GO_ON: Explanation(
        gettext_lazy("The engine cannot go on with this saga by itself."),
        gettext_lazy("Find out at the participant whether the step took effect, then retry: the key stays the same."),
    ),
}

_RIGHTS = re.compile(r"you lack the right to [a-z-]+")
_KNOWN: tuple[tuple[re.Pattern[str], str | Promise], ...] = (
    (re.compile(r"the saga has ended: \w+"), gettext_lazy("The saga has ended.")),
    (
        re.compile(r"(?P<step>[a-z0-9-]+): the participant says that it can never be undone"),
        gettext_lazy("%(step)s can never be undone, says its participant."),
    ),
    (
        re.compile(r"(?P<step>[a-z0-9-]+) is in doubt: first find out whether it took effect"),
        gettext_lazy("%(step)s is in doubt: first find out whether it took effect."),
    ),
    (
        re.compile(r"the saga has changed since you looked: it is at revision (?P<now>\d+), not (?P<then>\d+)"),
        gettext_lazy("The saga has changed since you looked."),
    ),
    (
        re.compile(r"the saga is past its pivot, (?P<step>[a-z0-9-]+), and only goes forward"),
        gettext_lazy("The saga is past its pivot, %(step)s, and only goes forward."),
    ),
    (
        re.compile(r"the pivot, (?P<step>[a-z0-9-]+), is being called; its answer comes first"),
        gettext_lazy("The pivot, %(step)s, is being called; its answer comes first."),
    ),
    (
        re.compile(r"(?P<step>[a-z0-9-]+): the time to decide is over"),
        gettext_lazy("The time to decide on %(step)s is over."),
    ),
    (
        re.compile(r"(?P<step>[a-z0-9-]+) is not done: begin there, or before it"),
        gettext_lazy("%(step)s is not done: begin there, or before it."),
    ),
    (
        re.compile(r"(?P<step>[a-z0-9-]+) has taken effect, and would take effect again: begin after it"),
        gettext_lazy("%(step)s has taken effect, and would take effect again: begin after it."),
    ),
    (
        re.compile(r"(?P<step>[a-z0-9-]+): what would be kept is not the same step in that version"),
        gettext_lazy("%(step)s would be kept, and is not the same step in that version."),
    ),
    (
        re.compile(r"the input does not fit version (?P<version>\d+): (?P<problem>.+)", re.DOTALL),
        gettext_lazy("The saga's input does not fit version %(version)s: %(problem)s"),
    ),
    (
        re.compile(r"(?P<step>[a-z0-9-]+): its sub-saga is (?P<status>[a-z]+); a retry takes that up"),
        gettext_lazy("%(step)s: its sub-saga is %(status)s. A retry takes that up."),
    ),
    (re.compile(r"(?P<step>[a-z0-9-]+) makes no call"), gettext_lazy("%(step)s makes no call.")),
    (
        re.compile(r"more than one step fits; name one of (?P<steps>[a-z0-9, -]+)"),
        gettext_lazy("More than one step fits: %(steps)s."),
    ),
    (_RIGHTS, gettext_lazy("Your role does not allow this act.")),
)
_FIXED = {
    "a call is out; its answer comes first": gettext_lazy("A call is out; its answer comes first."),
    "no step waits for its next try": gettext_lazy("No step waits for its next try."),
    "only a step that the saga is stuck on can be skipped": gettext_lazy(
        "Only a step that the saga is stuck on can be skipped."
    ),
    "only a step that the saga is stuck on can be resolved": gettext_lazy(
        "Only a step that the saga is stuck on can be resolved."
    ),
    "no step that the saga is stuck on is in doubt": gettext_lazy("No step that the saga is stuck on is in doubt."),
    "only a stuck or paused saga can be abandoned": gettext_lazy("Only a stuck or paused saga can be abandoned."),
    "only a stuck saga can be restarted": gettext_lazy("Only a stuck saga can be restarted."),
    "the saga is on its way back, and a restart only goes forward": gettext_lazy(
        "The saga is on its way back, and a restart only goes forward."
    ),
    "no step waits for an approval": gettext_lazy("No step waits for an approval."),
    "that step is not one that this act fits": gettext_lazy("No step fits this act."),
    "the new input is missing": gettext_lazy("The new payload is missing."),
    "already paused": gettext_lazy("The saga is paused already."),
    "not paused": gettext_lazy("The saga is not paused."),
    "already compensating": gettext_lazy("The saga is being undone already."),
}


def explanation(stuck_code: str) -> Explanation | None:
    """Why it is stuck; None for a code that is not known here."""
    return STUCK.get(stuck_code)


def why_not(message: str) -> str:
    """The engine's reason in the reader's language; a reason that is not known here is shown as it is."""
    if message in _FIXED:
        return str(_FIXED[message])
    for pattern, words in _KNOWN:
        if found := pattern.fullmatch(message):
            return str(words) % found.groupdict()
    return message[:1].upper() + message[1:]


def is_about_rights(message: str) -> bool:
    """Whether it is not the saga that stands against the act."""
    return _RIGHTS.fullmatch(message) is not None
