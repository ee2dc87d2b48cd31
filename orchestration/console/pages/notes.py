"""Notes on a saga: a page of their own for browsers without scripts, and after a note that could not be kept."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from orchestration.console import saga_reading
from orchestration.console.act_forms import NoteForm
from orchestration.console.htmx import HtmxRequest, shows
from orchestration.models import Saga


@require_GET
@shows("view_saga")
def notes(request: HtmxRequest, saga_id: UUID) -> HttpResponse:
    return render(request, "console/notes.html", note_context(saga_id, NoteForm()))


def note_context(saga_id: UUID, form: NoteForm) -> dict[str, Any]:
    """The context of the notes and of their form."""
    saga = get_object_or_404(Saga, pk=saga_id)
    return {"saga": saga, "notes": saga_reading.notes_of(saga_id), "note_form": form}
