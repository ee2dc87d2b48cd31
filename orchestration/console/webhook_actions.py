"""What can be done to the messages of webhooks from the console."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orchestration import webhooks
from orchestration.console.htmx import HtmxRequest, actor_of, shows
from orchestration.models import WebhookDelivery, WebhookEndpoint


@require_POST
@shows("view_webhookendpoint")
def send_again(request: HtmxRequest, name: str, saga_id: UUID, seq: int) -> HttpResponse:
    """Send a message once more, whatever became of it."""
    try:
        webhooks.send_again(name=name, saga_id=saga_id, seq=seq, actor=actor_of(request))
    except (WebhookEndpoint.DoesNotExist, WebhookDelivery.DoesNotExist) as error:
        raise Http404 from error
    messages.success(request, _("The message is sent again."))
    return redirect("console:webhooks")
