"""Changing a participant's limits from its page."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orchestration import limits
from orchestration.console.forms import LimitsForm
from orchestration.console.htmx import HtmxRequest, actor_of, shows
from orchestration.console.pages.participants import participants_page
from orchestration.models import Participant
from orchestration.operator_actions import WrongAct


@require_POST
@shows("view_participant")
def limit_participant(request: HtmxRequest, name: str) -> HttpResponse:
    """What is wrong stands at its field."""
    form = LimitsForm(request.POST)
    if form.is_valid():
        try:
            limits.limit(name=name, actor=actor_of(request), **form.cleaned_data)
        except WrongAct as error:
            form.add_error("reason", str(error))
        except Participant.DoesNotExist as error:
            raise Http404 from error
        else:
            messages.success(request, _("The limits of %(name)s are changed.") % {"name": name})
            return redirect("console:participants")
    return participants_page(request, limits_refused=(name, form), status=400)
