"""What the preview of an act shows; the page, the refreshed part and the refused form share it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

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

    def form(self, typed: Any = None, reason: str = "") -> ActForm:
        """Empty (but for a `reason` that was typed before), or with what was typed. An edit begins with what would
        be sent."""
        initial: dict[str, Any] = {"step": self.step_name, "reason": reason}
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
