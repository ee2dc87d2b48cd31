"""What people do with bulk acts in the console: choose, start, pause, resume, cancel."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orchestration import bulk as bulk_acts
from orchestration.bulk import OutOfPlace, WrongBulk
from orchestration.console import bulk_forms
from orchestration.console.bulk_forms import BulkForm
from orchestration.console.bulk_page import preview_context
from orchestration.console.htmx import HtmxRequest, acted, actor_of, part_or_page, shows
from orchestration.models import Bulk
from orchestration.operator_actions import WrongAct
from orchestration.queries import WrongFilter


@require_POST
@shows("view_saga")
def choose(request: HtmxRequest) -> HttpResponse:
    """Freeze what was chosen in the list, and show what the act would do to it. Nothing is done yet."""
    act = request.POST.get("act", "")
    if act not in bulk_acts.BULK_ACTS:
        raise Http404
    actor = actor_of(request)
    try:
        chosen = bulk_forms.chosen(request.POST)
        if chosen is None:
            return _nothing(request, _("Nothing is selected: tick the sagas that you mean."))
        draft = bulk_acts.draft(act, chosen=chosen, actor=actor)
    except (WrongBulk, WrongFilter) as error:
        return _nothing(request, str(error))
    if not draft.total:
        return _nothing(request, _("No saga fits these filters any more."))
    return render(request, part_or_page(request, "bulk_preview"), preview_context(draft, actor))


@require_POST
@shows("view_saga")
def start(request: HtmxRequest, bulk_id: UUID) -> HttpResponse:
    """Begin what was looked at; a second click finds it begun."""
    actor = actor_of(request)
    try:
        draft = Bulk.objects.get(pk=bulk_id, actor=actor.name)
        form = BulkForm(request.POST, act=draft.act, total=draft.total)
        if form.is_valid():
            bulk_acts.start(
                bulk_id=bulk_id, actor=actor, reason=form.cleaned_data["reason"], details=form.details,
                canary=form.cleaned_data.get("canary", False),
            )  # fmt: skip
            return _to(request, reverse("console:bulk", args=[bulk_id]))
    except Bulk.DoesNotExist:
        return _nothing(request, _("This preview is too old. Choose the sagas once more."))
    except (WrongAct, WrongBulk) as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
    return render(request, part_or_page(request, "bulk_preview"), preview_context(draft, actor, form), status=400)


@require_POST
@shows("view_bulk")
def steer(request: HtmxRequest, bulk_id: UUID, how: str) -> HttpResponse:
    """Pause, resume or cancel it."""
    if how not in bulk_acts.STEERS:
        raise Http404
    try:
        bulk_acts.steer(how, bulk_id=bulk_id, actor=actor_of(request))
        message = {"pause": _("Paused"), "resume": _("It goes on"), "cancel": _("Cancelled")}[how]
    except Bulk.DoesNotExist as error:
        raise Http404 from error
    except OutOfPlace:
        message = _("Nothing was done: it has ended already.")
    if request.htmx:
        return acted(message)
    messages.success(request, message)
    return redirect("console:bulk", bulk_id)


def _nothing(request: HtmxRequest, why: str) -> HttpResponse:
    context: dict[str, Any] = {"why": why}
    return render(request, part_or_page(request, "bulk_nothing"), context, status=400)


def _to(request: HtmxRequest, address: str) -> HttpResponse:
    return HttpResponse(status=204, headers={"HX-Redirect": address}) if request.htmx else redirect(address)
