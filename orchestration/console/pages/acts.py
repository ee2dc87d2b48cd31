"""The preview of an act: what the click will do, before it is done."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestration import operator_actions
from orchestration.audit import Actor
from orchestration.console import act_page
from orchestration.console.forms import ReasonForm
from orchestration.console.htmx import HtmxRequest, part_or_page, shows
from orchestration.models import Saga
from orchestration.operator_actions import WrongAct


@require_GET
@shows("view_saga")
def preview(request: HtmxRequest, saga_id: UUID, act: str) -> HttpResponse:
    """What `act` would call, in which order, with which payload; and the form that does it."""
    actor = Actor(user=request.user, via="console")
    step = request.GET.get("step") or None
    try:
        found = operator_actions.preview(act, saga_id=saga_id, actor=actor, step=step)
    except (Saga.DoesNotExist, WrongAct) as error:
        raise Http404 from error
    form = ReasonForm(initial={"revision": found.revision, "step": step or ""})
    context = act_page.context(act, saga_id=saga_id, preview=found, form=form)
    return render(request, part_or_page(request, "act"), context)
