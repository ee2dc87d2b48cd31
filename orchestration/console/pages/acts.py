"""The preview of an act: what the click will do, before it is done."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestration.console.act_page import Sheet
from orchestration.console.htmx import HtmxRequest, actor_of, part_or_page, shows
from orchestration.console.words import ACTS
from orchestration.models import Saga


@require_GET
@shows("view_saga")
def preview(request: HtmxRequest, saga_id: UUID, act: str) -> HttpResponse:
    """What `act` would call, in which order, with which payload; and the form that does it.

    `?part=foreseen&outcome=...` is what would follow from one choice in the form, alone. `?part=changed&revision=7`
    is what has changed since somebody looked at that revision; an open dialog asks for it when the saga moves.
    """
    try:
        sheet = Sheet.of(act, saga_id, actor_of(request), request.GET.get("step", ""))
    except (Saga.DoesNotExist, LookupError) as error:
        raise Http404 from error
    if sheet.must_choose:
        context = {"act": act, "word": ACTS[act], "saga": sheet.saga, "steps": sheet.fitting}
        return render(request, part_or_page(request, "which_step"), context)
    if request.GET.get("part") == "changed" and request.htmx:
        return render(request, "console/_changed.html", _changed(sheet, request.GET.get("revision", "")))
    if request.GET.get("part") == "foreseen" and request.htmx:
        chosen = sheet.form(request.GET)
        chosen.is_valid()  # only to read the choice: what else the form asks for may still be empty
        return render(request, "console/_foreseen.html", sheet.context(chosen))
    return render(request, part_or_page(request, "act"), sheet.context(sheet.form()))


def _changed(sheet: Sheet, looked_at: str) -> dict[str, Any]:
    if not looked_at.isdecimal():
        raise Http404
    news = sheet.news(int(looked_at))
    return {"act": sheet.act, "saga": sheet.saga, "step": sheet.step, "looked_at": looked_at, "news": news}
