"""What people change for themselves only: views, language, time zone, theme, shortcuts. None of it needs a right."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from orchestration import tokens
from orchestration.console import saved_views
from orchestration.console.htmx import HtmxRequest, actor_of, shows
from orchestration.console.pages.personal import profile_context, tokens_context
from orchestration.console.personal_forms import OwnTokenForm, PreferencesForm
from orchestration.console.saved_views import SaveViewForm
from orchestration.console.shell import THEME_COOKIE, THEMES
from orchestration.models import ApiToken, Preferences, SavedView

YEAR_SECONDS = 365 * 86_400


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


@require_POST
@login_required
def save_profile(request: HtmxRequest) -> HttpResponse:
    """Keep how the console looks to this person, on every device."""
    form = PreferencesForm(request.POST)
    if not form.is_valid():
        return render(request, "console/profile.html", profile_context(request, form), status=400)
    chosen = form.cleaned_data
    _keep(request, **chosen)
    with override(chosen["language"] or None):
        messages.success(request, _("Your choices are kept."))
    return _with_theme(request, chosen["theme"], redirect("console:profile"))


@require_POST
def choose_theme(request: HtmxRequest) -> HttpResponse:
    """Force light or dark, or follow the system again; also in a cookie, so that the login page does not flash."""
    chosen = request.POST.get("theme", "")
    chosen = chosen if chosen in THEMES else ""
    _keep(request, theme=chosen)
    return _with_theme(request, chosen, _back(request))


@require_POST
def choose_language(request: HtmxRequest) -> HttpResponse:
    """Switch the language: kept for the person, and in Django's own cookie for the login page."""
    chosen = request.POST.get("language", "")
    response = _back(request)
    if chosen in dict(settings.LANGUAGES):
        _keep(request, language=chosen)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, chosen, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure()
        )
    return response


@require_POST
@shows("view_saga")
@sensitive_variables("secret")
def issue_token(request: HtmxRequest) -> HttpResponse:
    """A token for oneself. Its secret goes into this one answer and nowhere else."""
    form = OwnTokenForm(request.POST)
    if not form.is_valid():
        return render(request, "console/tokens.html", tokens_context(request, form), status=400)
    token, secret = tokens.issue_own(actor=actor_of(request), **form.wanted())
    context = tokens_context(request, OwnTokenForm(), issued=token, secret=secret)
    return render(request, "console/tokens.html", context)


@require_POST
@shows("view_saga")
def revoke_token(request: HtmxRequest, token_id: int) -> HttpResponse:
    """Close one of one's own tokens for good."""
    try:
        token = tokens.revoke_own(token_id=token_id, actor=actor_of(request))
    except ApiToken.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("%(name)s is revoked.") % {"name": token.name})
    return redirect("console:tokens")


def _keep(request: HtmxRequest, **chosen: Any) -> None:
    if request.user.is_authenticated:
        Preferences.objects.update_or_create(user=request.user, defaults=chosen)


def _back(request: HtmxRequest) -> HttpResponseRedirect:
    """To the page it was asked from, if that is one of ours."""
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(target if ours else "/")


def _with_theme(request: HtmxRequest, theme: str, response: HttpResponseRedirect) -> HttpResponse:
    if theme:
        response.set_cookie(
            THEME_COOKIE, theme, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response
