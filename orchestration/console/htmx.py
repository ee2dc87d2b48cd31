"""What pages and acts share about htmx: part or page, and telling the browser what happened."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django_htmx.middleware import HtmxDetails

from orchestration.audit import Actor


class HtmxRequest(HttpRequest):
    """A request after login and the htmx middleware."""

    htmx: HtmxDetails
    user: User


View = Callable[..., HttpResponseBase]


def shows(permission: str) -> Callable[[View], View]:
    """Decorate a view that shows data: logged in, with `orchestration.<permission>`, and never kept by a cache."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HtmxRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response = view(request, *args, **kwargs)
            add_never_cache_headers(response)
            patch_vary_headers(response, ["HX-Request", "Cookie"])
            return response

        allowed = permission_required(f"orchestration.{permission}", raise_exception=True)
        return _logged_in(login_required(allowed(guarded)))

    return decorate


def _logged_in(view: View) -> View:
    """A part that is fetched after the session's end makes the whole page reload, and so ask for the login."""

    @wraps(view)
    def checked(request: HtmxRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.htmx and not request.user.is_authenticated:
            return HttpResponse(status=401, headers={"HX-Refresh": "true"})
        return view(request, *args, **kwargs)

    return checked


def part_or_page(request: HtmxRequest, page: str, part: str | None = None) -> str:
    """The template of the part when htmx asks for one, of the whole page otherwise."""
    if request.htmx and not request.htmx.history_restore_request:
        return f"console/_{part or page}.html"
    return f"console/{page}.html"


def actor_of(request: HtmxRequest) -> Actor:
    """Who acts, and that they came by the console."""
    return Actor(user=request.user, via="console")


def acted(message: str, *, saga_id: UUID | None = None, response: HttpResponse | None = None) -> HttpResponse:
    """The browser closes its dialog, says `message` and fetches the live parts again. Nothing to swap by default."""
    response = response or HttpResponse(status=204)
    response["HX-Trigger"] = json.dumps({"acted": {"message": message, "saga": str(saga_id or "")}})
    return response
