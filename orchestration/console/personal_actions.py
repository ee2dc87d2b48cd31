"""What people change for themselves only: views, language, time zone, theme, shortcuts. None of it needs a right."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orchestration.console import saved_views
from orchestration.console.htmx import HtmxRequest, shows
from orchestration.console.saved_views import SaveViewForm
from orchestration.models import SavedView


@require_POST
@shows("view_saga")
def save_view(request: HtmxRequest) -> HttpResponse:
    """Keep the present filters under a name, and go back to them."""
    form = SaveViewForm(request.POST)
    if form.is_valid():
        wrong = saved_views.save(request.user, form.cleaned_data["name"], form.cleaned_data["query"])
        if wrong:
            messages.error(request, wrong)
        else:
            messages.success(request, _("The view is saved."))
        return redirect(f"{reverse('console:sagas')}?{form.cleaned_data['query']}")
    messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect("console:sagas")


@require_POST
@login_required
def drop_view(request: HtmxRequest, view_id: int) -> HttpResponse:
    """Forget one of one's own views."""
    get_object_or_404(SavedView, pk=view_id, user=request.user).delete()
    messages.success(request, _("The view is removed."))
    return redirect("console:sagas")
