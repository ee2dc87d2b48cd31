"""The API's addresses. What Django itself refuses (an unknown address, another method) gets the envelope too."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, URLResolver, re_path
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from orchestration.triggers.rest.api import api
from orchestration.triggers.rest.errors import Refused, envelope, not_found

app_name = "api"


def enveloped(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """`view`, whose bare 404 and 405 become errors of this API. Keeps what marks the view free of CSRF checks.

    Nothing is at an address with a NUL in it, and PostgreSQL cannot even be asked.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "\x00" in request.path:
            return envelope(not_found("address"))
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            return envelope(not_found("address"))
        if isinstance(response, HttpResponseNotAllowed):
            allowed = response["Allow"]
            response = envelope(Refused(405, "method_not_allowed", f"this address takes {allowed}"))
            response["Allow"] = allowed
        return response

    return never_cache(wrapped)


@csrf_exempt
def unknown_address(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  a view's form
    return envelope(not_found("address"))


def _patterns() -> list[URLPattern | URLResolver]:
    patterns: list[URLPattern | URLResolver] = list(api.urls[0])
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = enveloped(pattern.callback)
    return [*patterns, re_path(r"^.*$", unknown_address)]


urlpatterns = _patterns()
