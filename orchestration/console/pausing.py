"""Pausing and resuming a participant from its page."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orchestration import pausing
from orchestration.console.forms import ReasonForm
from orchestration.console.htmx import HtmxRequest, actor_of, shows
from orchestration.console.pages.participants import participants_page
from orchestration.models import Participant
from orchestration.operator_actions import WrongAct

DEEDS = {"pause": pausing.pause, "resume": pausing.resume}


@require_POST
@shows("view_participant")
def hold_participant(request: HtmxRequest, name: str, verb: str) -> HttpResponse:
    """Pause or resume; what is wrong with the reason stands at its field."""
    if verb not in DEEDS:
        raise Http404
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            DEEDS[verb](name=name, actor=actor_of(request), reason=form.cleaned_data["reason"])
        except WrongAct as error:
            form.add_error("reason", str(error))
        except Participant.DoesNotExist as error:
            raise Http404 from error
        else:
            text = _("Calls to %(name)s are paused.") if verb == "pause" else _("Calls to %(name)s go out again.")
            messages.success(request, text % {"name": name})
            return redirect("console:participants")
    return participants_page(request, refused=(name, form), status=400)
