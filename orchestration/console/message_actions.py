"""What people do with a message that was refused: correct and resend it, or discard it."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orchestration import dead_letters
from orchestration.console.forms import DeadLetterForm
from orchestration.console.htmx import HtmxRequest, actor_of, shows
from orchestration.console.pages.messages import message_context
from orchestration.dead_letters import AlreadyHandled, WrongMessage
from orchestration.models import DeadLetter
from orchestration.operator_actions import WrongAct
from orchestration.triggers.amqp.taking import problems_with


@require_POST
@shows("view_deadletter")
def handle(request: HtmxRequest, letter_id: UUID) -> HttpResponse:
    """What is wrong stands at its field, and nothing typed is lost."""
    letter = get_object_or_404(DeadLetter, pk=letter_id)
    form, status = DeadLetterForm(letter, request.POST), 400
    if form.is_valid():
        try:
            done = _deed(request, letter_id, form)()
        except WrongMessage as wrong:
            form.show(wrong)
        except WrongAct as wrong:
            form.add_error("reason", str(wrong))
        except AlreadyHandled as conflict:
            letter, status = get_object_or_404(DeadLetter, pk=letter_id), 409
            form.add_error(None, str(conflict))
        else:
            messages.success(request, done)
            return redirect("console:messages")
    return render(request, "console/message.html", message_context(letter, form), status=status)


def _deed(request: HtmxRequest, letter_id: UUID, form: DeadLetterForm) -> Callable[[], str]:
    actor, reason = actor_of(request), form.cleaned_data["reason"]

    def discard() -> str:
        dead_letters.discard(letter_id=letter_id, actor=actor, reason=reason)
        return _("The message is discarded.")

    def resend() -> str:
        text = form.cleaned_data["text"]
        dead_letters.resend(letter_id=letter_id, actor=actor, text=text, reason=reason, check=problems_with)
        return _("The message is sent again. Its saga appears as soon as the broker delivers it.")

    return discard if form.cleaned_data["act"] == "discard" else resend
