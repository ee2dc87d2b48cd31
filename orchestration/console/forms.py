"""The console's forms, apart from the launch form. Rules live in the services; these only read what was typed."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orchestration.core.definitions import Problem
from orchestration.dead_letters import WrongMessage
from orchestration.enrolment import LONGEST_CALL, MOST_IN_FLIGHT, SHORTEST_CALL
from orchestration.models import DeadLetter, FaultRule, Participant, SagaDefinition
from orchestration.operator_actions import MAX_REASON

_EXPIRY = {60: _("1 minute"), 300: _("5 minutes"), 900: _("15 minutes")}


class FaultRuleForm(forms.Form):
    """One failure to inject."""

    kind = forms.ChoiceField(label=_("What happens"), choices=FaultRule.Kind.choices)
    definition = forms.ChoiceField(label=_("Definition"), required=False)
    step = forms.ChoiceField(label=_("Step"), required=False)
    participant = forms.ChoiceField(label=_("Participant"), required=False)
    direction = forms.ChoiceField(
        label=_("Direction"),
        required=False,
        choices=[("", _("both")), ("action", _("action")), ("compensation", _("compensation"))],
    )
    times = forms.IntegerField(
        label=_("How many times"), required=False, min_value=1, max_value=1_000_000, initial=1,
        help_text=_("Empty: until it expires."),
    )  # fmt: skip
    probability = forms.FloatField(
        label=_("Probability"), required=False, min_value=0, max_value=1, help_text=_("0 to 1. Empty: always."),
        widget=forms.NumberInput(attrs={"step": "any", "placeholder": "1"}),
    )  # fmt: skip
    delay = forms.FloatField(
        label=_("Delay in seconds"), required=False, min_value=0, max_value=3600,
        help_text=_("For delay and timeout."), widget=forms.NumberInput(attrs={"step": "any"}),
    )  # fmt: skip
    expires_in = forms.TypedChoiceField(label=_("Ends after"), coerce=int, initial=300, choices=list(_EXPIRY.items()))

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        definitions = list(SagaDefinition.objects.usable().newest().prefetch_related("steps"))
        steps = {step.name for definition in definitions for step in definition.steps.all()}
        self._offer("definition", (definition.name for definition in definitions))
        self._offer("step", sorted(steps))
        self._offer("participant", Participant.objects.order_by("name").values_list("name", flat=True))

    def _offer(self, name: str, values: Iterable[str]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the type for mypy
        field.choices = [("", _("any")), *((value, value) for value in values)]

    def rule(self) -> dict[str, Any]:
        """The arguments of `faults.add`, apart from the actor."""
        return {**self.cleaned_data, "expires_in": timedelta(seconds=self.cleaned_data["expires_in"])}

    def show(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.add_error(problem.place if problem.place in self.fields else None, problem.reason)


class DocumentForm(forms.Form):
    """A definition document, pasted or as a file; a file wins."""

    document = forms.CharField(
        label=_("Document (YAML)"), required=False, strip=False,
        widget=forms.Textarea(attrs={"rows": 22, "class": "mono", "spellcheck": "false", "wrap": "off"}),
    )  # fmt: skip
    file = forms.FileField(label=_("Or a file"), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("file") and not (cleaned.get("document") or "").strip():
            raise forms.ValidationError(_("Paste a document or choose a file."))
        return cleaned

    def raw(self) -> bytes:
        """The document's bytes; a little more than is allowed at most, so that the service can say so."""
        file = self.cleaned_data.get("file")
        return file.read(512 * 1024) if file else str(self.cleaned_data["document"]).encode()


class ReasonForm(forms.Form):
    """Why somebody pauses or resumes a participant."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=MAX_REASON,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Stands in the audit, with your name."),
    )


class LimitsForm(ReasonForm):
    """How many calls a participant takes at once, and how long one may take."""

    max_in_flight = forms.IntegerField(
        label=_("Calls at once"), min_value=1, max_value=MOST_IN_FLIGHT,
        help_text=_("Over all workers. A lowered limit holds as the calls that are out end."),
    )  # fmt: skip
    timeout = forms.FloatField(
        label=_("Seconds for one call"), min_value=SHORTEST_CALL, max_value=LONGEST_CALL,
        widget=forms.NumberInput(attrs={"step": "any"}), help_text=_("For steps that name no timeout of their own."),
    )  # fmt: skip
    field_order = ("max_in_flight", "timeout", "reason")


class DeadLetterForm(forms.Form):
    """A refused message, to be corrected and sent again, or discarded; why is asked in both cases."""

    text = forms.CharField(
        label=_("Message (JSON)"), strip=False, required=False, max_length=512 * 1024,
        widget=forms.Textarea(attrs={"rows": 12, "class": "mono", "spellcheck": "false", "wrap": "off"}),
    )  # fmt: skip
    reason = forms.CharField(label=_("Reason"), max_length=1000)
    act = forms.ChoiceField(choices=[("resend", ""), ("discard", "")], widget=forms.HiddenInput, required=False)

    def __init__(self, letter: DeadLetter, data: Any = None) -> None:
        super().__init__(data, initial={"text": letter.text})

    def show(self, wrong: WrongMessage) -> None:
        for problem in wrong.problems:
            self.add_error("text", str(problem))
