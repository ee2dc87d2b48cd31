"""Who looks after a failure group, and what is known of it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orchestration.failure_care import MAX_NOTE, possible_owners
from orchestration.models import FailureGroup


class CareForm(forms.Form):
    """`revision`: of what the writer has seen."""

    owner = forms.ChoiceField(label=_("Who looks after it"), required=False)
    note = forms.CharField(
        label=_("Note"), required=False, max_length=MAX_NOTE, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What is known, and what to do. It is still here if the same failure comes again."),
    )  # fmt: skip
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, data: Any = None, *, group: FailureGroup) -> None:
        owner = group.owner.get_username() if group.owner else ""
        super().__init__(data, initial={"owner": owner, "note": group.note, "revision": group.revision})
        names = dict.fromkeys([*possible_owners().values_list("username", flat=True), *filter(None, [owner])])
        field = self.fields["owner"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the type for mypy
        field.choices = [("", _("nobody")), *((name, name) for name in names)]

    def overtaken_by(self, group: FailureGroup) -> None:
        """What was typed stays; a second click writes over what somebody else has written, knowingly."""
        self.data = {name: self.data[name] for name in self.data} | {"revision": group.revision}
