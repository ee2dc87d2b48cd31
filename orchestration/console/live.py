"""Server-sent events: one stream per page. It tells the page to fetch its parts again, through the ordinary views.

So a stream carries no data, needs no rendering, and every part is checked for rights where it always is.
"""

from collections.abc import AsyncIterator
from time import monotonic
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from orchestration.console.hub import NotListening, hub

CHANGED = b"event: changed\ndata: -\n\n"
# The first message closes the gap between the page's rendering and this subscription.
HELLO = b"retry: 500\n" + CHANGED
ALIVE = b": alive\n\n"
QUIET_SECONDS = 15.0
LIFETIME_SECONDS = 600.0
"""A stream ends after this long; the browser comes back, and the right to look is checked again."""


async def changes(request: HttpRequest, saga_id: UUID | None = None) -> HttpResponseBase:
    """`changed` events for one saga or for all of them. 403 without the right to see sagas, 503 without a database."""
    user = await request.auser()
    allowed = user.is_authenticated and await user.ahas_perm("orchestration.view_saga")
    if not allowed:
        return HttpResponse(status=403)
    # Django would hold this request's database connection until the stream ends.
    await sync_to_async(connections.close_all)()
    try:
        await hub().listen()
    except NotListening:
        return HttpResponse(status=503)
    headers = {"Cache-Control": "no-cache, no-store, no-transform", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(_messages(saga_id), content_type="text/event-stream", headers=headers)


async def _messages(saga_id: UUID | None) -> AsyncIterator[bytes]:
    ends = monotonic() + LIFETIME_SECONDS
    with hub().subscribed(saga_id) as subscription:
        yield HELLO
        while not subscription.closed and monotonic() < ends:
            changed = await subscription.changed(within_seconds=QUIET_SECONDS)
            yield CHANGED if changed else ALIVE
