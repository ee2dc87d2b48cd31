"""Documents of definitions: published, kept as a draft, and what is done with drafts."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orchestration import drafts
from orchestration.console import yaml_lines
from orchestration.console.forms import DocumentForm
from orchestration.console.htmx import HtmxRequest, actor_of, shows
from orchestration.core.definitions import WrongDefinition
from orchestration.definitions import load_document, publish_definition
from orchestration.models import DefinitionDraft

YAML = "application/yaml"


@require_POST
@shows("view_sagadefinition")
def publish(request: HtmxRequest) -> HttpResponse:
    """Publish a document as the next version, or keep it as a draft; what is wrong is listed with its line."""
    form = DocumentForm(request.POST, request.FILES)
    problems: list[yaml_lines.Placed] = []
    if form.is_valid():
        raw = form.raw()
        try:
            return _kept(request, raw) if "draft" in request.POST else _published(request, raw)
        except WrongDefinition as wrong:
            problems = yaml_lines.placed(wrong.problems, raw.decode(errors="replace"))
    return render(request, "console/new_definition.html", {"form": form, "problems": problems}, status=400)


@require_POST
@shows("view_sagadefinition")
def publish_draft(request: HtmxRequest, name: str) -> HttpResponse:
    """Make the draft the next version. What it names may be gone by now: then its problems are shown, and it stays."""
    try:
        published = drafts.publish_draft(name=name, actor=actor_of(request))
    except DefinitionDraft.DoesNotExist as error:
        raise Http404 from error
    except WrongDefinition as wrong:
        text = DefinitionDraft.objects.get(name=name).text
        context = {
            "form": DocumentForm(initial={"document": text}),
            "problems": yaml_lines.placed(wrong.problems, text),
        }
        return render(request, "console/new_definition.html", context, status=400)
    messages.success(request, _("%(name)s is published.") % {"name": published.definition})
    return redirect("console:definition", published.definition.name)


@require_POST
@shows("view_sagadefinition")
def drop_draft(request: HtmxRequest, name: str) -> HttpResponse:
    """Forget a draft."""
    try:
        drafts.drop_draft(name=name, actor=actor_of(request))
    except DefinitionDraft.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("The draft of %(name)s is gone.") % {"name": name})
    return redirect("console:definitions")


def _published(request: HtmxRequest, raw: bytes) -> HttpResponse:
    published = publish_definition(document=load_document(raw, YAML), actor=actor_of(request))
    text = _("%(name)s is published.") if published.created else _("%(name)s is unchanged: no new version.")
    messages.success(request, text % {"name": published.definition})
    return redirect("console:definition", published.definition.name)


def _kept(request: HtmxRequest, raw: bytes) -> HttpResponse:
    saved = drafts.save_draft(
        document=load_document(raw, YAML), text=raw.decode(), content_type=YAML, actor=actor_of(request)
    )
    text = _("The draft of %(name)s is kept. Published now it would be version %(version)d.")
    messages.success(request, text % {"name": saved.draft.name, "version": saved.version})
    return redirect("console:definitions")
