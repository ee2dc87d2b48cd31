"""How a status looks and what it is called: one tone, one icon and one word each, the same on every page."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orchestration.core.states import SagaStatus, StepStatus
from orchestration.models import Attempt

Word = str | Promise


class Tone(StrEnum):
    """Which status colour; the style sheet knows them as `.tone-<value>`."""

    IDLE = "idle"
    RUN = "run"
    OK = "ok"
    UNDO = "undo"
    UNDONE = "undone"
    BAD = "bad"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Look:
    """Tone, icon (a symbol of `icons.svg`) and word."""

    tone: Tone
    icon: str
    word: Word

    @property
    def glyph(self) -> str:
        """The bare sign, for places that draw the disc around it themselves."""
        return _GLYPHS.get(self.icon, self.icon)


_GLYPHS = {"completed": "check", "failed": "close", "compensated": "compensate", "stuck": "bang", "running": "dot"}


SAGA: dict[str, Look] = {
    SagaStatus.PENDING: Look(Tone.IDLE, "pending", _("pending")),
    SagaStatus.RUNNING: Look(Tone.RUN, "running", _("running")),
    SagaStatus.COMPENSATING: Look(Tone.UNDO, "compensating", _("compensating")),
    SagaStatus.COMPLETED: Look(Tone.OK, "completed", _("completed")),
    SagaStatus.COMPENSATED: Look(Tone.UNDONE, "compensated", _("compensated")),
    SagaStatus.STUCK: Look(Tone.STUCK, "stuck", _("stuck")),
    SagaStatus.ABANDONED: Look(Tone.IDLE, "abandoned", _("abandoned")),
}
STEP: dict[str, Look] = {
    StepStatus.PENDING: Look(Tone.IDLE, "pending", pgettext_lazy("step", "pending")),
    StepStatus.DUE: Look(Tone.RUN, "due", pgettext_lazy("step", "due")),
    StepStatus.RUNNING: Look(Tone.RUN, "running", pgettext_lazy("step", "running")),
    StepStatus.WAITING: Look(Tone.RUN, "waiting", pgettext_lazy("step", "waiting")),
    StepStatus.SUCCEEDED: Look(Tone.OK, "completed", pgettext_lazy("step", "succeeded")),
    StepStatus.FAILED: Look(Tone.BAD, "failed", pgettext_lazy("step", "failed")),
    StepStatus.SKIPPED: Look(Tone.IDLE, "skipped", pgettext_lazy("step", "skipped")),
    StepStatus.COMPENSATION_DUE: Look(Tone.UNDO, "due", pgettext_lazy("step", "compensation due")),
    StepStatus.COMPENSATING: Look(Tone.UNDO, "compensating", pgettext_lazy("step", "compensating")),
    StepStatus.COMPENSATED: Look(Tone.UNDONE, "compensated", pgettext_lazy("step", "compensated")),
    StepStatus.COMPENSATION_FAILED: Look(Tone.STUCK, "stuck", pgettext_lazy("step", "compensation failed")),
}
PAUSED = Look(Tone.IDLE, "paused", _("paused"))

_GOOD = (Tone.OK, "completed")
_OUTCOME: dict[str, tuple[Tone, str]] = {
    Attempt.Outcome.SUCCEEDED: _GOOD,
    Attempt.Outcome.ACCEPTED: (Tone.RUN, "waiting"),
    Attempt.Outcome.REFUSED: (Tone.BAD, "failed"),
    Attempt.Outcome.IN_DOUBT: (Tone.UNDO, "doubt"),
    Attempt.Outcome.NOT_SENT: (Tone.BAD, "not-sent"),
    Attempt.Outcome.TRY_LATER: (Tone.UNDO, "waiting"),
    Attempt.Outcome.IN_PROGRESS: (Tone.RUN, "running"),
    Attempt.Outcome.LOST: (Tone.BAD, "stuck"),
    Attempt.Outcome.STALE: (Tone.IDLE, "abandoned"),
    Attempt.Outcome.UNDONE: (Tone.UNDONE, "compensated"),
    Attempt.Outcome.GIVEN_UP: (Tone.IDLE, "abandoned"),
}
EVENTS: dict[str, Word] = {
    "launched": _("launched"),
    "claimed": _("taken up by a worker"),
    "lost": _("taken over: the worker was lost"),
    "answered": _("a call ended"),
    "approve": _("decided"),
    "called_back": _("answered by callback"),
    "said_too_late": _("said by callback, too late"),
    "due": _("its time came"),
    "given_back": _("given back by its worker"),
    "epoch_advanced": _("epoch advanced, after a restored backup"),
    "cannot_go_on": _("cannot go on"),
    "deadline": _("deadline passed"),
    "restart-from": _("taken over by a new saga"),
    "sub_saga_ended": _("its sub-saga ended"),
    "parent_goes_back": _("its parent goes back"),
    "note": _("note"),
}
ACTS: dict[str, Word] = {
    "approve": _("Decide"),
    "resume": _("Resume"),
    "resolve": _("Resolve doubt"),
    "retry": _("Retry"),
    "compensate": _("Compensate"),
    "skip": _("Skip step"),
    "pause": _("Pause"),
    "edit-and-retry": _("Edit and retry"),
    "restart-from": _("Restart from a step"),
    "abandon": _("Abandon"),
}
# The button that confirms names what is about to be done, once the choice is made.
CONFIRM: dict[tuple[str, str], Word] = {
    ("approve", "approved"): _("Approve"),
    ("approve", "rejected"): _("Reject"),
    ("resolve", "applied"): _("Resolve: it took effect"),
    ("resolve", "not_applied"): _("Resolve: it did not"),
    ("abandon", ""): _("Abandon this saga"),
    ("restart-from", ""): _("Restart in a new saga"),
}
CONFIRM_OF_UNDO: dict[tuple[str, str], Word] = {
    ("resolve", "applied"): _("Resolve: it was undone"),
    ("resolve", "not_applied"): _("Resolve: it was not undone"),
}
ACT_DONE: dict[str, Word] = {
    "approve": _("Your decision is kept"),
    "resume": _("Saga resumed"),
    "resolve": _("Doubt resolved"),
    "retry": _("Retry asked for"),
    "compensate": _("Compensation asked for"),
    "skip": _("Step skipped"),
    "pause": _("Saga paused"),
    "edit-and-retry": _("Retry with another payload asked for"),
    "restart-from": _("A new saga has taken over"),
    "abandon": _("Saga abandoned"),
}
# The words of a participant's status endpoint.
TOLD: dict[str, Look] = {
    "done": Look(Tone.OK, "completed", _("done")),
    "refused": Look(Tone.BAD, "failed", _("refused")),
    "in_progress": Look(Tone.RUN, "running", _("in progress")),
    "absent": Look(Tone.IDLE, "pending", _("no trace of this key")),
    "compensated": Look(Tone.UNDONE, "compensated", pgettext_lazy("status endpoint", "undone")),
}
TROUBLE: dict[str, Word] = {
    "no_endpoint": _("there is none to ask"),
    "host": _("not asked: its host is not on the allow-list"),
    "not_sent": _("cannot be reached"),
    "connection": _("the connection broke"),
    "timeout": _("no answer in time"),
    "http_status": _("answered with an error"),
    "invalid_answer": _("its answer is not what the protocol allows"),
}


def outcome(value: str) -> Look:
    """How the end of a try looks."""
    tone, icon = _OUTCOME.get(value, (Tone.IDLE, "pending"))
    labels = dict(Attempt.Outcome.choices)
    return Look(tone, icon, labels.get(value, value))


def undone_outcome(value: str) -> Look:
    """How the end of an undo's try looks: success here is "compensated", not "succeeded"."""
    return Look(Tone.UNDONE, "compensated", _("undone")) if value == Attempt.Outcome.SUCCEEDED else outcome(value)
