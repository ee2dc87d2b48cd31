"""Messages of the broker: whether they come, and those that no saga could be made of."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from orchestration import announcements, broker_health
from orchestration.console.forms import DeadLetterForm
from orchestration.console.htmx import HtmxRequest, part_or_page, shows
from orchestration.models import DeadLetter

SHOWN = 200


@require_GET
@shows("view_deadletter")
def messages(request: HtmxRequest) -> HttpResponse:
    waiting = DeadLetter.objects.waiting().order_by("-id")[:SHOWN]
    handled = DeadLetter.objects.exclude(state=DeadLetter.State.WAITING).order_by("-handled_at")[:20]
    heard = broker_health.heard() if settings.AMQP_URL else None
    context = {
        "waiting": waiting, "handled": handled, "heard": heard, "queue": f"{settings.AMQP_PREFIX}.start",
        "untold": announcements.pile(announcements.AMQP) if heard else None, "most": settings.SAGA_ANNOUNCEMENTS,
    }  # fmt: skip
    return render(request, part_or_page(request, "messages"), context)


@require_GET
@shows("view_deadletter")
def message(request: HtmxRequest, letter_id: UUID) -> HttpResponse:
    letter = get_object_or_404(DeadLetter, pk=letter_id)
    return render(request, "console/message.html", message_context(letter, DeadLetterForm(letter)))


def message_context(letter: DeadLetter, form: DeadLetterForm) -> dict[str, Any]:
    """The context of one message's page."""
    return {"letter": letter, "form": form, "is_waiting": letter.state == DeadLetter.State.WAITING}
