"""The page for what went wrong on our side. It asks nobody anything: the database may be what is missing."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


def server_error(_request: HttpRequest) -> HttpResponse:
    """503 when the database cannot be reached, 500 otherwise."""
    is_database = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    status = 503 if is_database else 500
    return HttpResponse(render_to_string(f"{status}.html"), status=status, headers={"Cache-Control": "no-store"})
