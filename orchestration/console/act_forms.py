"""What each act asks the operator for, beside the reason. What is wrong is said by the services, at the field."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration.console.launch_form import JSONTextField
from orchestration.operator_actions import MAX_NOTE, MAX_REASON

NOTHING: Mapping[str, Any] = {}


class SentJSONField(JSONTextField):
    """JSON that is sent: an empty list or object is something, too."""

    empty_values = (None,)


class ActForm(forms.Form):
    """`revision` is what the operator looked at, `step` the step that the act is about."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=MAX_REASON,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Stands in the journal and in the audit, with your name."),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)
    step = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
    said: tuple[str, ...] = ()

    @property
    def details(self) -> dict[str, Any]:
        """What the act takes beside reason, revision and step; of a form that is not valid, what can be read of it."""
        cleaned = getattr(self, "cleaned_data", NOTHING)
        return {name: cleaned[name] for name in self.said if cleaned.get(name) not in (None, "")}

    @property
    def asked(self) -> list[forms.BoundField]:
        """The visible fields, in the order in which they are asked: what, then why."""
        return [*(self[name] for name in self.said), self["reason"]]

    def refuse(self, field: str, message: str) -> None:
        """Put what a service said at its field, or above the form."""
        self.add_error(field if field in self.fields else None, message)


class OutcomeForm(ActForm):
    """A choice that has no default: a person says what is so."""

    outcome = forms.ChoiceField(label=gettext_lazy("What is so?"), widget=forms.RadioSelect)
    said: tuple[str, ...] = ("outcome",)

    def offer(self, label: str, choices: Iterable[tuple[str, str]], preview_at: str) -> None:
        """Each choice shows what would follow from it, at once."""
        field = self.fields["outcome"]
        field.label = label
        field.choices = list(choices)  # type: ignore[attr-defined]  # it is a ChoiceField
        field.widget.attrs |= {"hx-get": preview_at, "hx-target": "#_foreseen", "hx-swap": "outerMorph"}


class ApproveForm(OutcomeForm):
    def prepare(self, *, preview_at: str) -> None:
        choices = [("approved", _("Approve: the saga goes on")), ("rejected", _("Reject: as if it had failed"))]
        self.offer(_("Your decision"), choices, preview_at)


class ResolveForm(OutcomeForm):
    output = JSONTextField(
        label=gettext_lazy("What it answered (JSON)"),
        required=False,
        help_text=gettext_lazy("Later steps may read it, and the undo is sent it. Leave it empty if you do not know."),
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
    )
    said: tuple[str, ...] = ("outcome", "output")

    def prepare(self, *, undoing: bool, preview_at: str) -> None:
        if undoing:
            del self.fields["output"]
            self.said = ("outcome",)
            choices = [("applied", _("It was undone")), ("not_applied", _("It was not undone"))]
        else:
            choices = [("applied", _("It took effect")), ("not_applied", _("It did not take effect"))]
        self.offer(_("What did you find out?"), choices, preview_at)

    @property
    def details(self) -> dict[str, Any]:
        found = super().details
        if found.get("outcome") != "applied":
            found.pop("output", None)
        return found


class EditForm(ActForm):
    input = SentJSONField(
        label=gettext_lazy("What the call sends (JSON)"),
        help_text=gettext_lazy("All its tries carry this from now on, under the same key."),
        widget=forms.Textarea(attrs={"rows": 9, "class": "mono", "spellcheck": "false"}),
    )
    said: tuple[str, ...] = ("input",)


class AbandonForm(ActForm):
    confirm = forms.CharField(
        label=gettext_lazy("Type the saga's id to confirm"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "mono", "spellcheck": "false"}),
    )
    said: tuple[str, ...] = ("confirm",)


class RestartForm(ActForm):
    """The versions that the new saga may run: the saga's own, and those that came after it."""

    version = forms.TypedChoiceField(label=gettext_lazy("Version of the new saga"), coerce=int)
    said: tuple[str, ...] = ("version",)

    def prepare(self, *, versions: Sequence[int], preview_at: str) -> None:
        field = self.fields["version"]
        own, *newer = versions
        choices = [(own, _("%(number)d, as before") % {"number": own})]
        field.choices = [*choices, *((one, str(one)) for one in newer)]  # type: ignore[attr-defined]  # it is a ChoiceField
        field.widget.attrs |= {"hx-get": preview_at, "hx-target": "#_foreseen", "hx-swap": "outerMorph"}


class NoteForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("New note"),
        max_length=MAX_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


_FORMS: dict[str, type[ActForm]] = {
    "approve": ApproveForm, "resolve": ResolveForm, "edit-and-retry": EditForm, "abandon": AbandonForm,
    "restart-from": RestartForm,
}  # fmt: skip


def form_for(
    act: str, *, data: Any = None, initial: Any = None, undoing: bool = False, preview_at: str = "",
    versions: Sequence[int] = (),
) -> ActForm:  # fmt: skip
    """The act's form. `undoing`: it is about an undo. `preview_at`: where a choice asks what would follow.

    `versions`: of a restart, the saga's own and the newer ones.
    """
    form = _FORMS.get(act, ActForm)(data, initial=initial)
    if isinstance(form, ApproveForm):
        form.prepare(preview_at=preview_at)
    elif isinstance(form, ResolveForm):
        form.prepare(undoing=undoing, preview_at=preview_at)
    elif isinstance(form, RestartForm):
        form.prepare(versions=versions, preview_at=preview_at)
    return form
