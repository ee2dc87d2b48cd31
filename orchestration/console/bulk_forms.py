"""What a bulk act asks for before it begins, and which sagas the list's form has chosen."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration.bulk.making import Chosen
from orchestration.console.saga_list import SagaList
from orchestration.operator_actions import MAX_REASON
from orchestration.queries import failures

_OUTCOMES: dict[str, list[tuple[str, Any]]] = {
    "resolve": [
        ("applied", gettext_lazy("It took effect")), ("not_applied", gettext_lazy("It did not take effect")),
    ],
    "approve": [
        ("approved", gettext_lazy("Approve: the saga goes on")),
        ("rejected", gettext_lazy("Reject: as if it had failed")),
    ],
}  # fmt: skip


class BulkForm(forms.Form):
    """`canary`: carefully. To abandon, the number of sagas is typed."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=MAX_REASON,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Stands in each saga's journal and in the audit, with your name."),
    )
    canary = forms.BooleanField(
        label=gettext_lazy("Carefully: 1 saga, then 10, then the rest; it halts itself when they fail again"),
        required=False,
    )
    outcome = forms.ChoiceField(label=gettext_lazy("What is so?"), widget=forms.RadioSelect)
    confirm = forms.CharField(max_length=16, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, data: Any = None, *, act: str, total: int) -> None:
        super().__init__(data)
        self._act, self._total = act, total
        self._offer(_OUTCOMES.get(act))
        if act == "abandon":
            self.fields["confirm"].label = _("Type the number of sagas, %(number)s, to confirm") % {"number": total}
        else:
            del self.fields["confirm"]
        if total < 2 or act in ("pause", "resume", "abandon"):
            del self.fields["canary"]

    def _offer(self, choices: list[tuple[str, Any]] | None) -> None:
        if choices is None:
            del self.fields["outcome"]
            return
        field = self.fields["outcome"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the type for mypy
        field.choices = choices

    def clean_confirm(self) -> str:
        """Given on as the act's own word: see `making.checked_details`."""
        if self.cleaned_data["confirm"].replace(",", "").replace(".", "").strip() != str(self._total):
            raise forms.ValidationError(_("must be %(number)s") % {"number": self._total})
        return self._act

    @property
    def asked(self) -> list[forms.BoundField]:
        """What, then why, then how."""
        return [self[name] for name in ("outcome", "confirm", "reason", "canary") if name in self.fields]

    @property
    def details(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("outcome", "confirm") if name in self.fields}


def chosen(posted: QueryDict) -> Chosen | None:
    """A failure group, all that fit the list's filters, or the ticked sagas; None: nothing was chosen.

    Of "all that fit" those that came after the list was opened are left out: nobody has seen them. Raises WrongFilter.
    """
    if key := posted.get("group"):
        members = failures.members_of(failures.STUCK, key)
        return Chosen(ids=members.saga_ids, group=members.told)
    if posted.get("all"):
        listed = SagaList(QueryDict(posted.get("query", "")))
        return Chosen(params=listed.wanted, newest=listed.newest_seen)
    ids = [found for text in posted.getlist("saga") if (found := _uuid(text)) is not None]
    return Chosen(ids=ids) if ids else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
