"""What the preview of an act shows; the page, the refreshed part and the refused form share it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from orchestration import operator_actions, queries
from orchestration.audit import Actor
from orchestration.console import act_effects, act_forms, possible, reasons, words
from orchestration.console.act_forms import ActForm
from orchestration.core import data
from orchestration.core.mapping import MappingError
from orchestration.core.saga_state import SagaState, StepState
from orchestration.models import Saga, Step
from orchestration.operator_actions import Preview

NOTHING: Mapping[str, Any] = {}
# The brake must work on a saga that moves: what its preview promises is the same at every revision.
FITS_EVERY_REVISION = ("pause",)


@dataclass(frozen=True, slots=True)
class News:
    """How the saga has changed since somebody looked. `by`: who did `last_act`, at `at`; "": the engine went on."""

    why_not: str
    by: str = ""
    last_act: str | words.Word = ""
    at: datetime | None = None


@dataclass
class Sheet:
    """One act on one saga as somebody is about to do it. `named`: the step they asked for, or ""."""

    act: str
    saga: Saga
    actor: Actor
    named: str = ""

    @classmethod
    def of(cls, act: str, saga_id: UUID, actor: Actor, named: str = "") -> "Sheet":
        """Raises Saga.DoesNotExist, and LookupError for an act or a step that there is not."""
        sheet = cls(act, queries.saga_for_page(saga_id), actor, named)
        if act not in operator_actions.ACTS or (named and named not in sheet.names):
            raise LookupError(act)
        return sheet

    @cached_property
    def steps(self) -> list[Step]:
        return list(self.saga.steps.all())

    @property
    def names(self) -> list[str]:
        return [step.name for step in self.steps]

    @cached_property
    def state(self) -> SagaState:
        return queries.state_of(self.saga, self.steps)

    @cached_property
    def fitting(self) -> list[StepState]:
        """The steps that it could be about."""
        return [self.state.steps[index] for index in possible.fitting_steps(self.act, self.state)]

    @cached_property
    def step(self) -> StepState | None:
        """The step that it is about, if that is clear."""
        if self.named:
            return self.state.steps[self.names.index(self.named)]
        return self.fitting[0] if len(self.fitting) == 1 else None

    @property
    def must_choose(self) -> bool:
        return self.step is None and len(self.fitting) > 1

    @property
    def step_name(self) -> str:
        return self.step.definition.name if self.step else ""

    @property
    def is_undo(self) -> bool:
        """Whether it is about a step's undo."""
        return bool(self.step and self.step.undoing)

    @property
    def preview_at(self) -> str:
        """Where a choice in the form asks what would follow from it."""
        return f"{reverse('console:act', args=[self.saga.pk, self.act])}?part=foreseen&step={self.step_name}"

    def form(self, typed: Any = None) -> ActForm:
        """Empty, or with what was typed. An edit begins with what would be sent."""
        initial: dict[str, Any] = {"step": self.step_name}
        trouble = ""
        if typed is None:
            initial["revision"] = self.preview().revision
            if self.act == "edit-and-retry" and self.step:
                initial["input"], trouble = self._payload(self.step)
        form = act_forms.form_for(
            self.act, data=typed, initial=initial, undoing=self.is_undo, preview_at=self.preview_at,
            versions=self._versions,
        )  # fmt: skip
        if trouble:
            form.fields["input"].help_text = _("The definition's own payload cannot be made: %(why)s") % {
                "why": trouble
            }
        return form

    def looked_again(self, typed: QueryDict) -> ActForm:
        """What was typed, for the saga as it is now. What is wrong with it is said when it is confirmed."""
        kept = typed.copy()
        kept["revision"] = str(self.preview().revision)
        form = self.form(kept)
        form.is_valid()  # reads the choices, from which follows what is foreseen
        form.errors.clear()
        return form

    def news(self, looked_at: int) -> News | None:
        """What a person should know who looked at that revision; None: what they saw is still so."""
        preview = self.preview()
        if looked_at == preview.revision or (self.act in FITS_EVERY_REVISION and preview.allowed):
            return None
        why_not = reasons.why_not(preview.why_not) if preview.why_not else ""
        return news_of(self.saga.pk, why_not)

    @property
    def _versions(self) -> list[int]:
        own = self.saga.definition.version
        return [own, *operator_actions.newer_versions(self.saga)] if self.act == "restart-from" else [own]

    def preview(self, details: Mapping[str, Any] = NOTHING) -> Preview:
        return operator_actions.preview(
            self.act, saga_id=self.saga.pk, actor=self.actor, step=self.step_name or None, details=details
        )

    def context(self, form: ActForm) -> dict[str, Any]:
        """The template context of `act.html`."""
        details = self._sound(form.details)
        outcome = str(details.get("outcome", ""))
        preview = self.preview(details)
        effects = act_effects.Effects(self.act, outcome, self.saga, self.state, self.step, preview)
        return {
            "act": self.act,
            "word": words.ACTS[self.act],
            "confirm": self._confirm(outcome),
            "saga": self.saga,
            "step": self.step,
            "preview": preview,
            "why_not": reasons.why_not(preview.why_not) if preview.why_not else "",
            "effects": effects,
            "form": form,
            "looked_at": form["revision"].value(),
            "asks_outcome": "outcome" in form.fields and not outcome,
        }

    def _confirm(self, outcome: str) -> words.Word:
        """What the button says that does it."""
        named = words.CONFIRM | (words.CONFIRM_OF_UNDO if self.is_undo else {})
        return named.get((self.act, outcome), words.ACTS[self.act])

    def _payload(self, step: StepState) -> tuple[str, str]:
        """What the step's next call would carry, as JSON to be edited; and why it cannot be made, if so."""
        told = queries.outputs_of([self.saga.pk])
        names = {one.position: one.name for one in self.steps}
        outputs = {names[position]: output for (_saga, position), output in told.items()}
        try:
            payload = data.payload(self.state._replace(outputs=outputs), step)
        except MappingError as error:
            return "", str(error)
        return json.dumps(payload, indent=2, ensure_ascii=False), ""

    def _sound(self, details: dict[str, Any]) -> dict[str, Any]:
        """What was typed, as far as a preview can make use of it."""
        try:
            self.preview(details)
        except operator_actions.WrongAct:
            return {}
        return details


def news_of(saga_id: UUID, why_not: str) -> News:
    """Why an act is not possible now ("" if it is), and who last did what to the saga."""
    last = operator_actions.last_act_on(saga_id)
    if last is None:
        return News(why_not)
    return News(why_not, last.actor, words.ACT_DONE.get(last.kind, ""), last.at)
