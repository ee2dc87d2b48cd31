"""What will follow from an act, in sentences."""

from dataclasses import dataclass, replace

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orchestration import queries
from orchestration.console import parked
from orchestration.core import possible
from orchestration.core.decisions import decide
from orchestration.core.draft import NotAllowed
from orchestration.core.pivot import no_way_back
from orchestration.core.saga_state import SagaState, StepState
from orchestration.core.states import SagaStatus, StepKind, StepStatus
from orchestration.models import Participant, Saga
from orchestration.operator_actions import Preview

_ALWAYS = {
    ("pause", ""): gettext_lazy(
        "No new call goes out until somebody resumes the saga. A call that is out ends and is recorded."
    ),
    ("resume", ""): gettext_lazy("The saga goes on from where it was paused."),
    ("abandon", ""): gettext_lazy(
        "The saga ends as it stands. No call is made any more, and no act can bring it back."
    ),
    ("approve", "approved"): gettext_lazy("The saga goes on."),
    ("resolve", "not_applied"): gettext_lazy(
        "The step counts as failed and is in doubt no more. The saga stays stuck: then retry, skip or compensate."
    ),
}


@dataclass(frozen=True, slots=True)
class Effects:
    """`outcome`: the choice that the act takes, or ""."""

    act: str
    outcome: str
    saga: Saga
    state: SagaState
    step: StepState | None
    preview: Preview

    @property
    def sentence(self) -> str:
        """What follows, in one sentence or two."""
        if fixed := _ALWAYS.get((self.act, self.outcome)):
            return str(fixed)
        told = {
            "approve": self._reject, "skip": self._skip, "resolve": self._resolve, "restart-from": self._restart,
        }  # fmt: skip
        if self.act in told:
            return told[self.act]()
        if self.act == "compensate":
            return _undo(len(self.preview.calls))
        return _retry(len(self.preview.calls)) if self.is_tried else self._too_late()

    @property
    def is_tried(self) -> bool:
        """Whether a retry tries its step: past the deadline nothing is tried that is not an undo."""
        late = timezone.now() >= self.saga.deadline_at and not self._undoing
        return not late or any(call.direction == "action" for call in self.preview.calls)

    @property
    def waits_for_resume(self) -> bool:
        """It is taken at once, but no call goes out before somebody resumes the saga."""
        return self.state.paused and self.act not in ("resume", "abandon")

    @property
    def held_up(self) -> list[Participant]:
        """The participants that it would call, and that get no calls now."""
        return parked.held_up(call.participant for call in self.preview.calls)

    @property
    def standing(self) -> list[str]:
        """Names of the steps whose effect stays, whatever happens to a saga that ends or goes back."""
        open_effects = queries.open_effects(self.saga, self.saga.steps.all())
        names = {step.definition.name: step for step in self.state.steps}
        if self.act == "abandon":
            return [
                _("%(step)s (in doubt)") % {"step": name} if names[name].in_doubt else name for name in open_effects
            ]
        goes_back = self.act == "compensate" or self.outcome == "rejected" or (self.act == "skip" and self._undoing)
        if not goes_back:
            return []
        stay = [name for name in open_effects if names[name].definition.compensation is None]
        if self.act == "skip" and self.step:
            stay.append(self.step.definition.name)
        return list(dict.fromkeys(stay))

    @property
    def is_last_word(self) -> bool:
        """Nothing can be done to the saga afterwards."""
        return self.act == "abandon"

    @property
    def passes_pivot(self) -> str:
        """The name of the pivot that the act may lead to: there is no way back from there."""
        pivot = next((step for step in self.state.steps if step.definition.pivot), None)
        if pivot is None or pivot.status is StepStatus.SUCCEEDED:
            return ""
        name = pivot.definition.name
        called = any(call.step == name and call.direction == "action" for call in self.preview.calls)
        return name if called or (self.act == "resolve" and self.step is pivot and self.outcome == "applied") else ""

    @property
    def _undoing(self) -> bool:
        return bool(self.step and self.step.undoing)

    def _reject(self) -> str:
        if no_way_back(self.state.steps) or self.state.status is SagaStatus.STUCK:
            return _("The step counts as refused. There is no way back now, so the saga is stuck until a person acts.")
        return " ".join((_("The step counts as refused."), _undo(len(self.preview.calls))))

    def _too_late(self) -> str:
        return " ".join((_("The deadline has passed, so nothing is tried again."), _undo(len(self.preview.calls))))

    def _skip(self) -> str:
        if others := self._still_failed():
            given_up = _("The undo of this step is given up: its effect stands.")
            return " ".join((given_up if self._undoing else _("The step stays as it is."), _stuck_on(others)))
        if self._undoing:
            return _(
                "The undo of this step is given up: its effect stands. The rest is undone, and the saga ends abandoned."
            )
        if self.step and self.step.definition.kind is not StepKind.CALL:
            return _("The saga goes on as if this step were not there.")
        return _("The step stays as it is, and the saga goes on without it.")

    def _resolve(self) -> str:
        if others := self._still_failed():
            done = _("The step counts as undone.") if self._undoing else _("The step counts as succeeded.")
            return " ".join((done, _stuck_on(others)))
        if self._undoing:
            return _("The step counts as undone, and the saga goes on back.")
        return _("The step counts as succeeded, as if it had answered so, and the saga goes on.")

    def _restart(self) -> str:
        begun = _("This saga ends, and a new one takes over: it begins at %(step)s.") % {
            "step": self.step.definition.name if self.step else ""
        }
        kept = _("What was done before stays, and is undone by the new saga if it has to go back.")
        return f"{begun} {kept}"

    def _still_failed(self) -> list[str]:
        """Names of the steps that the saga is still stuck on when this one is repaired."""
        if self.step is None:
            return []
        event = replace(possible.ACTS[self.act], step=self.step.definition.index)  # type: ignore[call-arg]  # takes one
        try:
            after = decide(self.state, event, timezone.now()).after
        except NotAllowed:  # the saga has moved since it was read
            return []
        if after.status is not SagaStatus.STUCK:
            return []
        failed = (StepStatus.COMPENSATION_FAILED if self._undoing else StepStatus.FAILED,)
        return [step.definition.name for step in after.steps if step.status in failed]


def _stuck_on(names: list[str]) -> str:
    return _("The saga stays stuck: %(steps)s still needs a person.") % {"steps": ", ".join(names)}


def _undo(calls: int) -> str:
    if not calls:
        return _("The saga goes back; as far as is known, no call is needed for that.")
    text = ngettext(
        "%(number)d step is called to undo what was done, then the saga ends.",
        "%(number)d steps are called, newest first, to undo what was done, then the saga ends.",
        calls,
    )
    return text % {"number": calls}


def _retry(calls: int) -> str:
    text = ngettext(
        "The step is tried again at once, with a fresh set of tries; %(number)d call follows if all goes well.",
        "The step is tried again at once, with a fresh set of tries; %(number)d calls follow if all goes well.",
        calls,
    )
    return text % {"number": calls}
