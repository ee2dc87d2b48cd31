"""A switch for demonstrations: while refunds are closed, every refund that would do something answers 503.

`GET /admin/refunds` shows it, `POST /admin/refunds {"open": false}` closes them, `{"open": true}` opens them again.
It has no login: the service listens on the loopback address only.
"""

import json

from participants_demo.database import in_database
from participants_demo.payments.models import RefundDesk
from participants_demo.protocol import MalformedError, UnavailableError, read_object
from participants_demo.web import Request


def check_open() -> None:
    """Raises UnavailableError while refunds are closed."""
    if not is_open():
        raise UnavailableError("refunds are closed; open them with POST /admin/refunds", code="refunds_closed")


def is_open() -> bool:
    return RefundDesk.objects.get().open


async def show(_request: Request) -> str:
    return json.dumps({"open": await in_database(is_open)})


async def switch(request: Request) -> str:
    wanted = _wanted(request)
    await in_database(lambda: RefundDesk.objects.update(open=wanted))
    return json.dumps({"open": wanted})


def _wanted(request: Request) -> bool:
    # A page of another site can make a browser post here, but not with this content type.
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise MalformedError("the content type must be application/json")
    wanted = read_object(request.body).get("open")
    if not isinstance(wanted, bool):
        raise MalformedError("open must be true or false")
    return wanted
