"""What the admin asks before an act: why, and what else the act takes."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from orchestration import strict_json
from orchestration.models import Saga
from orchestration.operator_actions import ACTS, MAX_NOTE, MAX_REASON

OUTCOMES = {
    "resolve": [("applied", _("it took effect")), ("not_applied", _("it had no effect"))],
    "approve": [("approved", _("approved")), ("rejected", _("rejected"))],
}


class JSONText(forms.CharField):
    """A text that is strict JSON. Empty: None."""

    widget = forms.Textarea(attrs={"rows": 8, "spellcheck": "false"})

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        try:
            return strict_json.loads(text.encode("utf-8", "surrogatepass")) if text else None
        except strict_json.WrongJSON as error:
            raise ValidationError([str(problem) for problem in error.problems]) from error

    def validate(self, value: Any) -> None:
        if self.required and value is None:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """Those of a text do not fit a value."""


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("reason"), max_length=MAX_REASON, widget=forms.Textarea(attrs={"rows": 3}))


class NoteForm(forms.Form):
    text = forms.CharField(label=_("note"), max_length=MAX_NOTE, widget=forms.Textarea(attrs={"rows": 5}))


class ActForm(ReasonForm):
    """The form of `act`; with `saga`, when it is about one, its steps can be chosen."""

    def __init__(self, act: str, saga: Saga | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wanted = ACTS[act]
        self.details = [detail.name for detail in wanted.details]
        if wanted.takes_step and saga is not None:
            names = [(step.name, step.name) for step in saga.steps.all()]
            self.fields["step"] = forms.ChoiceField(
                label=_("step"), required=False, choices=[("", _("the only one that fits")), *names]
            )
        for detail in wanted.details:
            self.fields[detail.name] = _field(act, detail.name, required=detail.required)
        self.order_fields(["step", *self.details, "reason"])

    @property
    def said(self) -> dict[str, Any]:
        """What `operator_actions.perform` takes beside saga, actor and revision."""
        values = self.cleaned_data
        details = {name: values[name] for name in self.details if values[name] is not None}
        return {"reason": values["reason"], "step": values.get("step") or None, "details": details}


def _field(act: str, name: str, *, required: bool) -> forms.Field:
    match name:
        case "outcome":
            return forms.ChoiceField(label=_("outcome"), choices=OUTCOMES[act], widget=forms.RadioSelect)
        case "version":
            return forms.IntegerField(
                label=_("version of the new saga, if not the same"), required=required, min_value=1, max_value=2**31 - 1
            )
        case "confirm":
            return forms.CharField(label=_("the saga's id, to confirm"), max_length=64)
        case "input":
            return JSONText(label=_("what the call sends (JSON)"), required=required)
        case _:
            return JSONText(label=_("what the step answered (JSON), if it took effect"), required=required)
