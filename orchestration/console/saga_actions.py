"""What people do to one saga in the console: acts and notes."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orchestration import operator_actions
from orchestration.console import reasons, words
from orchestration.console.act_forms import ActForm, NoteForm
from orchestration.console.act_page import FITS_EVERY_REVISION, Sheet, news_of
from orchestration.console.htmx import HtmxRequest, acted, actor_of, part_or_page, shows
from orchestration.console.pages.notes import note_context
from orchestration.models import Saga
from orchestration.operator_actions import Conflict, WrongAct


@require_POST
@shows("view_saga")
def perform(request: HtmxRequest, saga_id: UUID, act: str) -> HttpResponse:
    """Do the act, or say what stands against it: 400 at the field, 403, 409 with the saga as it is now.

    `look=again` does nothing: it shows the preview anew, with what was typed.
    """
    try:
        sheet = Sheet.of(act, saga_id, actor_of(request), request.POST.get("step", ""))
    except (Saga.DoesNotExist, LookupError) as error:
        raise Http404 from error
    if request.POST.get("look") == "again":
        return render(request, part_or_page(request, "act"), sheet.context(sheet.looked_again(request.POST)))
    form = sheet.form(request.POST)
    if not form.is_valid():
        return _again(request, sheet, form)
    asked = form.cleaned_data
    try:
        operator_actions.perform(
            act, saga_id=saga_id, actor=sheet.actor, reason=asked["reason"],
            revision=None if act in FITS_EVERY_REVISION else asked["revision"], step=asked["step"] or None,
            details=form.details,
        )  # fmt: skip
    except WrongAct as error:
        form.refuse(error.field, str(error))
        return _again(request, sheet, form)
    except Conflict as conflict:
        return _refused(request, act, conflict, form)
    return _done(request, str(words.ACT_DONE[act]), saga_id)


@require_POST
@shows("view_saga")
def add_note(request: HtmxRequest, saga_id: UUID) -> HttpResponse:
    """Keep a note; what is wrong stands at the field, with what was typed."""
    form = NoteForm(request.POST)
    try:
        if form.is_valid():
            operator_actions.note(saga_id=saga_id, actor=actor_of(request), text=form.cleaned_data["text"])
            if not request.htmx:
                messages.success(request, _("Note kept"))
                return redirect("console:saga", saga_id)
            empty = render(request, "console/_note_form.html", note_context(saga_id, NoteForm()))
            return acted(_("Note kept"), saga_id=saga_id, response=empty)
    except WrongAct as error:
        form.add_error("text", str(error))
    except Saga.DoesNotExist as error:
        raise Http404 from error
    context = note_context(saga_id, form)
    return render(request, "console/_note_form.html" if request.htmx else "console/notes.html", context, status=400)


def _done(request: HtmxRequest, message: str, saga_id: UUID) -> HttpResponse:
    if request.htmx:
        return acted(message, saga_id=saga_id)
    messages.success(request, message)
    return redirect("console:saga", saga_id)


def _again(request: HtmxRequest, sheet: Sheet, form: ActForm) -> HttpResponse:
    """The preview once more, of the saga as it is now, with what is wrong in the form and all that was typed."""
    context = sheet.context(form)
    if not context["preview"].allowed and reasons.is_about_rights(context["preview"].why_not):
        raise PermissionDenied
    return render(request, part_or_page(request, "act"), context, status=400)


def _refused(request: HtmxRequest, act: str, conflict: Conflict, form: ActForm) -> HttpResponse:
    """What stands against it, and a way to look again that keeps all that was typed."""
    typed = {name: request.POST.get(name, "") for name in form.fields}
    context = {
        "act": act, "word": words.ACTS[act], "saga": conflict.saga, "typed": typed,
        "news": news_of(conflict.saga.pk, reasons.why_not(conflict.message)),
    }  # fmt: skip
    return render(request, part_or_page(request, "conflict"), context, status=409)
