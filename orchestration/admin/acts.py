"""An operator act on selected sagas: first a page that shows what will happen and asks why, then the deed."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration import operator_actions
from orchestration.admin.base import ModelAdmin, actor_of
from orchestration.models import Saga

MOST = 100


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("reason"), max_length=operator_actions.MAX_REASON, widget=forms.Textarea(attrs={"rows": 3})
    )


@dataclass(frozen=True, slots=True)
class Planned:
    """A selected saga, and what the act would do to it as it stands."""

    saga: Saga
    preview: operator_actions.Preview


def act_on_selected(page: ModelAdmin, request: HttpRequest, sagas: QuerySet[Saga], act: str) -> Any:
    """The page that asks, or, once it was answered with a reason, the deed and None (back to the list)."""
    if sagas[: MOST + 1].count() > MOST:
        page.message_user(request, _("At most %d sagas at once.") % MOST, messages.ERROR)
        return None
    form = ReasonForm(request.POST if "confirmed" in request.POST else None)
    if not form.is_valid():
        return _asking_page(page, request, sagas, act, form)
    for saga in sagas:
        _act(page, request, saga, act, form.cleaned_data["reason"])
    return None


def _act(page: ModelAdmin, request: HttpRequest, saga: Saga, act: str, reason: str) -> None:
    seen = request.POST.get(f"revision-{saga.pk}", "")
    try:
        operator_actions.perform(
            act, saga_id=saga.pk, actor=actor_of(request), reason=reason,
            revision=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 11 else None,
        )  # fmt: skip
        page.message_user(request, _("%(saga)s: %(act)s done") % {"saga": saga, "act": act}, messages.SUCCESS)
    except operator_actions.Conflict as conflict:
        said = {"saga": saga, "why": conflict.message, "who": conflict.changed_by or _("nobody")}
        text = _("%(saga)s: refused, nothing changed: %(why)s (last changed by %(who)s)") % said
        page.message_user(request, text, messages.ERROR)
    except (PermissionDenied, operator_actions.WrongAct) as error:
        page.message_user(request, f"{saga}: {error}", messages.ERROR)


def _asking_page(
    page: ModelAdmin, request: HttpRequest, sagas: QuerySet[Saga], act: str, form: ReasonForm
) -> TemplateResponse:
    actor = actor_of(request)
    planned = [Planned(saga, operator_actions.preview(act, saga_id=saga.pk, actor=actor)) for saga in sagas]
    context = {
        **page.admin_site.each_context(request), "opts": page.opts, "title": _("%s selected sagas") % act.capitalize(),
        "act": act, "planned": planned, "form": form, "checkbox": ACTION_CHECKBOX_NAME,
    }  # fmt: skip
    return TemplateResponse(request, "admin/orchestration/saga/act.html", context)
