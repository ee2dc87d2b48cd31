"""What the preview of an act shows; the page and the refused form share it."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orchestration import queries
from orchestration.console import reading, reasons, words
from orchestration.console.forms import ReasonForm
from orchestration.core.states import StepStatus
from orchestration.models import Saga, Step
from orchestration.operator_actions import Preview


def context(act: str, *, saga_id: UUID, preview: Preview, form: ReasonForm) -> dict[str, Any]:
    """The template context of `act.html`."""
    saga = queries.saga_for_page(saga_id)
    steps = list(saga.steps.all())
    return {
        "act": act,
        "word": words.ACTS[act],
        "saga": saga,
        "preview": preview,
        "why_not": reasons.why_not(preview.why_not) if preview.why_not else "",
        "effect": _effect(act, len(preview.calls)),
        "form": form,
        "stays": _cannot_be_undone(act, saga, steps),
    }


def _effect(act: str, calls: int) -> str:
    """What follows, in one sentence."""
    number = {"number": calls}
    match act:
        case "pause":
            return _("No new call goes out until somebody resumes the saga. A call that is out ends and is recorded.")
        case "compensate":
            return ngettext(
                "%(number)d step is called to undo what was done, then the saga ends.",
                "%(number)d steps are called, newest first, to undo what was done, then the saga ends.",
                calls,
            ) % number  # fmt: skip
        case "skip":
            return _("The step stays as it is, and the saga goes on without it.")
        case "retry":
            text = ngettext(
                "The step is tried again at once, with a fresh set of tries; %(number)d call follows if all goes well.",
                "The step is tried again at once, with a fresh set of tries; %(number)d calls follow if all goes well.",
                calls,
            )
            return text % number
        case _:
            return _("The saga goes on from where it was paused.")


def _cannot_be_undone(act: str, saga: Saga, steps: list[Step]) -> list[str]:
    """Steps whose effect stays whatever happens: done or in doubt, and the definition has no undo for them."""
    if act not in ("compensate", "skip"):
        return []
    plan = {step.name: step for step in reading.plan_of(saga.definition_id)}
    stay = [name for name in queries.open_effects(saga, steps) if not plan[name].compensation]
    if act == "skip":
        stay += [step.name for step in steps if step.status == StepStatus.COMPENSATION_FAILED]
    return stay
