"""A switch for demonstrations: while refunds are closed, every refund that would do something answers 503.

`GET /admin/refunds` shows it, `POST /admin/refunds {"open": false}` closes them, `{"open": true}` opens them again.
It has no login: the service listens on the loopback address only.
"""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_http_methods

from participants_demo.database import in_database
from participants_demo.payments.models import RefundDesk
from participants_demo.protocol import MalformedError, UnavailableError, read_object
from participants_demo.views import answering


def check_open() -> None:
    """Raises UnavailableError while refunds are closed."""
    if not is_open():
        raise UnavailableError("refunds are closed; open them with POST /admin/refunds", code="refunds_closed")


def is_open() -> bool:
    return RefundDesk.objects.get().open


@require_http_methods(["GET", "POST"])
@answering
async def view(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        wanted = _wanted(request)
        await in_database(lambda: RefundDesk.objects.update(open=wanted))
    return JsonResponse({"open": await in_database(is_open)})


def _wanted(request: HttpRequest) -> bool:
    # A page of another site can make a browser post here, but not with this content type.
    if request.content_type != "application/json":
        raise MalformedError("the content type must be application/json")
    wanted = read_object(request.body).get("open")
    if not isinstance(wanted, bool):
        raise MalformedError("open must be true or false")
    return wanted
