"""What belongs to the reader alone: how the console looks to them, and their API tokens."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.forms import model_to_dict
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from orchestration.console import preferences
from orchestration.console.htmx import HtmxRequest, shows
from orchestration.console.personal_forms import OwnTokenForm, PreferencesForm
from orchestration.models import ApiToken


@require_GET
@login_required
@never_cache
def profile(request: HtmxRequest) -> HttpResponse:
    form = PreferencesForm(initial=model_to_dict(preferences.of_request(request)))
    return render(request, "console/profile.html", profile_context(request, form))


@require_GET
@shows("view_saga")
def own_tokens(request: HtmxRequest) -> HttpResponse:
    return render(request, "console/tokens.html", tokens_context(request, OwnTokenForm()))


def profile_context(request: HtmxRequest, form: PreferencesForm) -> dict[str, Any]:
    rights = sorted(
        right.partition(".")[2] for right in request.user.get_all_permissions() if "orchestration." in right
    )
    return {
        "form": form, "zones": preferences.zones(), "now": timezone.now(),
        "acts": [right.removesuffix("_saga").replace("_", "-") for right in rights if right.endswith("_saga")],
    }  # fmt: skip


def tokens_context(request: HtmxRequest, form: OwnTokenForm, **more: Any) -> dict[str, Any]:
    mine = ApiToken.objects.filter(user=request.user).order_by("-pk")[:100]
    return {"form": form, "tokens": mine, "now": timezone.now(), **more}
