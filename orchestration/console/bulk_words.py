"""How bulk acts are called and how they look."""

from collections.abc import Callable

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from orchestration.console import times
from orchestration.console.words import Look, Tone, Word
from orchestration.models import Bulk, BulkItem
from orchestration.queries.bulks import FAILED_AGAIN, UNDER_WAY

STATUS: dict[str, Look] = {
    Bulk.Status.DRAFT: Look(Tone.IDLE, "pending", _("not started")),
    Bulk.Status.RUNNING: Look(Tone.RUN, "running", _("running")),
    Bulk.Status.PAUSED: Look(Tone.IDLE, "paused", _("paused")),
    Bulk.Status.HALTED: Look(Tone.STUCK, "stuck", _("halted itself")),
    Bulk.Status.CANCELLED: Look(Tone.IDLE, "abandoned", _("cancelled")),
    Bulk.Status.COMPLETED: Look(Tone.OK, "completed", pgettext_lazy("bulk", "completed")),
}
RESULT: dict[str, Look] = {
    BulkItem.Result.PENDING: Look(Tone.IDLE, "pending", _("not yet")),
    BulkItem.Result.DONE: Look(Tone.OK, "completed", pgettext_lazy("result", "done")),
    BulkItem.Result.REFUSED: Look(Tone.BAD, "failed", pgettext_lazy("result", "refused")),
    UNDER_WAY: Look(Tone.RUN, "running", _("under way")),
    FAILED_AGAIN: Look(Tone.STUCK, "stuck", _("failed again")),
}
# In front of the bar, and in its menu.
IN_FRONT = ("retry", "compensate", "pause", "resume")
IN_MENU = ("skip", "resolve", "approve", "abandon")
EFFECT: dict[str, Word] = {
    "retry": _("Each tries its step again at once, with a fresh set of tries."),
    "compensate": _("In each, everything that was done is undone, newest first."),
    "skip": _("Each goes on without the step that it is stuck on. On an undo: the effect stands."),
    "resolve": _("What you say counts as the participant's answer, for each of them alike."),
    "approve": _("Your decision is that of each of them alike."),
    "pause": _("No new call goes out until somebody resumes them. Calls that are out end and are recorded."),
    "resume": _("Each goes on from where it was paused."),
    "abandon": _("Each ends as it stands. No call is made any more, and no act can bring it back."),
}
HALTED: dict[str, Word] = {
    Bulk.Halt.FAILURES: _("More than one in ten of its sagas has failed again. Find out why before you go on."),
    Bulk.Halt.SLOW: _("Its first sagas have not come to rest in five minutes. Look at them before you go on."),
}
# What stands against one saga, apart from what stands against a single act.
WHY_NOT: dict[str, Word] = {
    "there is no such saga": _("There is no such saga."),
    "the saga has changed since the set was made": _("The saga has changed since the set was made."),
    "the act itself failed; the worker's log says more": _("The act itself failed; the worker's log says more."),
}
_NAMED: dict[str, Callable[[int], str]] = {
    "retry": lambda n: ngettext("Retry %(number)s saga", "Retry %(number)s sagas", n),
    "compensate": lambda n: ngettext("Compensate %(number)s saga", "Compensate %(number)s sagas", n),
    "skip": lambda n: ngettext("Skip a step of %(number)s saga", "Skip a step of %(number)s sagas", n),
    "resolve": lambda n: ngettext("Resolve %(number)s saga", "Resolve %(number)s sagas", n),
    "approve": lambda n: ngettext("Decide on %(number)s saga", "Decide on %(number)s sagas", n),
    "pause": lambda n: ngettext("Pause %(number)s saga", "Pause %(number)s sagas", n),
    "resume": lambda n: ngettext("Resume %(number)s saga", "Resume %(number)s sagas", n),
    "abandon": lambda n: ngettext("Abandon %(number)s saga", "Abandon %(number)s sagas", n),
}


def named(act: str, number: int) -> str:
    """Act and count: what the confirming button says, and how the bulk is called."""
    return _NAMED[act](number) % {"number": times.number(number)}
