"""One address, a page for GET and an act for POST."""

from typing import Any

from django.http import HttpResponseBase, HttpResponseNotAllowed

from orchestration.console.htmx import HtmxRequest, View


def by(*, get: View, post: View) -> Any:
    """A view that hands the request to the one for its method."""

    def view(request: HtmxRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST":
            return post(request, *args, **kwargs)
        if request.method in ("GET", "HEAD"):
            return get(request, *args, **kwargs)
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])

    return view
