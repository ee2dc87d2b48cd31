"""An operator act on selected sagas: first a page that shows what will happen and asks why, then the deed."""

import json
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
from orchestration.admin.act_forms import ActForm, NoteForm
from orchestration.admin.base import ModelAdmin, actor_of
from orchestration.models import Saga
from orchestration.operator_actions import ACTS, Preview

MOST = 100
NOTE = "note"
TITLES = {
    "retry": gettext_lazy("Retry"),
    "compensate": gettext_lazy("Compensate"),
    "skip": gettext_lazy("Skip a step"),
    "resolve": gettext_lazy("Resolve a step in doubt"),
    "pause": gettext_lazy("Pause"),
    "resume": gettext_lazy("Resume"),
    "edit-and-retry": gettext_lazy("Change what a call sends, and retry"),
    "restart-from": gettext_lazy("Restart from a step, in a new saga"),
    "abandon": gettext_lazy("Abandon"),
    "approve": gettext_lazy("Approve or reject a step"),
    NOTE: gettext_lazy("Write a note"),
}


@dataclass(frozen=True, slots=True)
class Planned:
    """A selected saga, and what the act would do to it as it stands; nothing, for a note."""

    saga: Saga
    preview: Preview | None = None


def act_on_selected(page: ModelAdmin, request: HttpRequest, sagas: QuerySet[Saga], act: str) -> Any:
    """The page that asks, or, once it was answered, the deed and None (back to the list)."""
    chosen, most = list(sagas[: MOST + 1]), MOST if act == NOTE or not ACTS[act].details else 1
    if len(chosen) > most:
        text = _("At most %d sagas at once.") % most if most > 1 else _("This act takes one saga at a time.")
        page.message_user(request, text, messages.ERROR)
        return None
    planned = [Planned(saga, _preview(request, saga, act)) for saga in chosen]
    form = _form(act, planned, request.POST if "confirmed" in request.POST else None)
    if not form.is_valid():
        return _asking_page(page, request, act, planned, form)
    try:
        for saga in chosen:
            _act(page, request, saga, act, form)
    except operator_actions.WrongAct as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return _asking_page(page, request, act, planned, form)
    return None


def _preview(request: HttpRequest, saga: Saga, act: str) -> Preview | None:
    return None if act == NOTE else operator_actions.preview(act, saga_id=saga.pk, actor=actor_of(request))


def _form(act: str, planned: list[Planned], answers: Any) -> Any:
    if act == NOTE:
        return NoteForm(answers)
    only = planned[0] if len(planned) == 1 else None
    return ActForm(act, only.saga if only else None, answers, initial=_initial(act, only))


def _initial(act: str, only: Planned | None) -> dict[str, str]:
    """The input that would be sent without an edit, to be edited."""
    if act != "edit-and-retry" or only is None or only.preview is None or not only.preview.calls:
        return {}
    return {"input": json.dumps(only.preview.calls[0].payload, indent=2, ensure_ascii=False)}


def _act(page: ModelAdmin, request: HttpRequest, saga: Saga, act: str, form: Any) -> None:
    try:
        if act == NOTE:
            operator_actions.note(saga_id=saga.pk, actor=actor_of(request), text=form.cleaned_data["text"])
        else:
            seen = _seen(request, saga)
            operator_actions.perform(act, saga_id=saga.pk, actor=actor_of(request), revision=seen, **form.said)
        page.message_user(request, _("%(saga)s: %(act)s done") % {"saga": saga, "act": act}, messages.SUCCESS)
    except operator_actions.Conflict as conflict:
        said = {"saga": saga, "why": conflict.message, "who": conflict.changed_by or _("nobody")}
        text = _("%(saga)s: refused, nothing changed: %(why)s (last changed by %(who)s)") % said
        page.message_user(request, text, messages.ERROR)
    except PermissionDenied as error:
        page.message_user(request, f"{saga}: {error}", messages.ERROR)


def _seen(request: HttpRequest, saga: Saga) -> int | None:
    seen = request.POST.get(f"revision-{saga.pk}", "")
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 11 else None


def _asking_page(
    page: ModelAdmin, request: HttpRequest, act: str, planned: list[Planned], form: forms.Form
) -> TemplateResponse:
    context = {
        **page.admin_site.each_context(request), "opts": page.opts, "title": TITLES[act], "act": act,
        "planned": planned, "form": form, "checkbox": ACTION_CHECKBOX_NAME,
    }  # fmt: skip
    return TemplateResponse(request, "admin/orchestration/saga/act.html", context)
