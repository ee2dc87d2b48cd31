"""How the console looks to the one who reads: what they chose, else what their browser says."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation

from orchestration.models import Preferences

ZONE_COOKIE = "browser_zone"
"""Set by the page's script: the zone that the browser is in."""
_NO_PAGES = ("/api/", "/healthz", "/readyz", "/metrics")


@cache
def zones() -> tuple[str, ...]:
    """Names people know: UTC and `Area/City`."""
    named = (name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    return ("UTC", *sorted(named))


def of_request(request: HttpRequest) -> Preferences:
    """What the reader chose; for who is not logged in, or chose nothing, all is empty."""
    found = getattr(request, "preferences", None)
    return found if isinstance(found, Preferences) else Preferences()


def middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer each page in the reader's language and zone."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if not _is_a_page(request):
            return get_response(request)
        chosen = _chosen(request)
        request.preferences = chosen  # type: ignore[attr-defined]  # ours, read by of_request
        with ExitStack() as stack:
            stack.enter_context(timezone.override(_zone(chosen.time_zone or request.COOKIES.get(ZONE_COOKIE, ""))))
            if chosen.language:
                stack.enter_context(translation.override(chosen.language))
                request.LANGUAGE_CODE = chosen.language
            response = get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
            return response

    return answer


def _is_a_page(request: HttpRequest) -> bool:
    """Streams, too, are none: they are opened by the hundred, and say nothing in words."""
    return not request.path.startswith(_NO_PAGES) and not request.path.endswith("/live/")


def _chosen(request: HttpRequest) -> Preferences:
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
        return Preferences()
    return Preferences.objects.filter(user_id=request.user.pk).first() or Preferences(user_id=request.user.pk)


def _zone(name: str) -> ZoneInfo | None:
    """None: the server's."""
    return ZoneInfo(name) if name in zones() else None
