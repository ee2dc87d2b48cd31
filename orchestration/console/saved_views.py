"""Filtered lists that a person has named. Two are there for everybody."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration.console.words import Word
from orchestration.core.states import SagaStatus
from orchestration.models import SavedView
from orchestration.queries import WrongFilter, filter_sagas

MOST = 50
_NOT_KEPT = ("cursor", "top")


@dataclass(frozen=True, slots=True)
class View:
    """A link above the list. `view_id` None: everybody has it."""

    name: Word
    query: str
    is_current: bool
    view_id: int | None = None


class SaveViewForm(forms.Form):
    """The present filters under a name."""

    name = forms.CharField(label=gettext_lazy("Name of the view"), max_length=64)
    query = forms.CharField(required=False, max_length=2000, strip=False, widget=forms.HiddenInput)

    def clean_query(self) -> str:
        """Only what the list takes, without the place in it."""
        params = plain(QueryDict(self.cleaned_data["query"]))
        known = params.copy()
        known.pop("age", None)
        try:
            filter_sagas(known)
        except WrongFilter as error:
            raise forms.ValidationError(_("These filters cannot be saved.")) from error
        return params.urlencode()


def of_reader(user: Any, params: QueryDict) -> list[View]:
    """The views above the list, and which of them is what is shown."""
    here = sorted(plain(params).urlencode().split("&"))

    def view(name: Word, query: str, view_id: int | None = None) -> View:
        return View(name, query, sorted(query.split("&")) == here, view_id)

    mine = [view(saved.name, saved.query, saved.pk) for saved in SavedView.objects.filter(user=user)]
    stuck, moving = f"status={SagaStatus.STUCK}", "&".join(f"status={status}" for status in _MOVING)
    return [view(gettext_lazy("Needs attention"), stuck), view(gettext_lazy("In flight"), moving), *mine]


_MOVING = (SagaStatus.RUNNING, SagaStatus.COMPENSATING, SagaStatus.PENDING)


def plain(params: QueryDict) -> QueryDict:
    """The filters that are on."""
    found = params.copy()
    for name in params:
        if name in _NOT_KEPT or not any(params.getlist(name)):
            found.pop(name, None)
    return found


def save(user: Any, name: str, query: str) -> str:
    """Keep a view; why not, or ""."""
    if SavedView.objects.filter(user=user).count() >= MOST:
        return _("You have %(number)d views: remove one first.") % {"number": MOST}
    try:
        with transaction.atomic():
            SavedView.objects.create(user=user, name=name, query=query)
    except IntegrityError:
        return _("You have a view of this name already.")
    return ""
