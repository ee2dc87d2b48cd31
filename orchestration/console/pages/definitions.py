"""Definitions: what there is, how one looks, how to launch it, how to add one."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from orchestration.console import document_view, graph, reading, step_figures, version_difference
from orchestration.console.forms import DocumentForm
from orchestration.console.htmx import HtmxRequest, shows
from orchestration.console.launch_form import LaunchForm
from orchestration.definitions import compiled_definition
from orchestration.models import DefinitionDraft, SagaDefinition


@require_GET
@shows("view_sagadefinition")
def definitions(request: HtmxRequest) -> HttpResponse:
    context = {"definitions": reading.definitions_with_use(), "drafts": DefinitionDraft.objects.order_by("name")}
    return render(request, "console/definitions.html", context)


@require_GET
@shows("view_sagadefinition")
def definition(request: HtmxRequest, name: str, version: int | None = None) -> HttpResponse:
    found = version_or_404(name, version)
    compiled = compiled_definition(found.pk)
    context = {
        "definition": found,
        "versions": SagaDefinition.objects.filter(name=name).order_by("-version"),
        "graph": graph.graph(compiled.steps),
        "compiled": compiled,
        "yaml": document_view.as_yaml(found.document),
        "json": document_view.as_json(found.document),
        "figures": step_figures.of_version(found.pk, compiled.steps),
        "sample": step_figures.SAMPLE,
        "previous": SagaDefinition.objects.filter(name=name, version__lt=found.version).order_by("-version").first(),
    }
    return render(request, "console/definition.html", context)


@require_GET
@shows("view_sagadefinition")
def compare_versions(request: HtmxRequest, name: str, one: int, other: int) -> HttpResponse:
    """What changed from version `one` to version `other`."""
    first, second = version_or_404(name, one), version_or_404(name, other)
    context = {
        "one": first, "other": second,
        "differences": version_difference.of_documents(first.document, second.document),
        "lines": version_difference.as_text(first.document, second.document),
        "versions": SagaDefinition.objects.filter(name=name).order_by("-version"),
    }  # fmt: skip
    return render(request, "console/compare_versions.html", context)


@require_GET
@shows("launch_saga")
def launch(request: HtmxRequest, name: str) -> HttpResponse:
    found = version_or_404(name, None)
    if found.retired_at is not None:
        raise Http404
    return render(request, "console/launch.html", {"definition": found, "form": launch_form(found)})


@require_GET
@shows("add_sagadefinition")
def new_definition(request: HtmxRequest) -> HttpResponse:
    """An empty form, or one with the document of `?from=<name>`, or with the draft `?draft=<name>` as it was typed."""
    copied, drafted = request.GET.get("from", ""), request.GET.get("draft", "")
    if drafted:
        text = get_object_or_404(DefinitionDraft, name=drafted).text
    else:
        text = document_view.as_yaml(version_or_404(copied, None).document) if copied else ""
    return render(request, "console/new_definition.html", {"form": DocumentForm(initial={"document": text})})


def launch_form(definition: SagaDefinition, data: Any = None) -> LaunchForm:
    """The form of one version's schema."""
    compiled = compiled_definition(definition.pk)
    return LaunchForm(compiled.input_schema, asks_business_key=compiled.business_key is None, data=data)


def version_or_404(name: str, version: int | None) -> SagaDefinition:
    """That version, or the newest of the name."""
    versions = SagaDefinition.objects.filter(name=name)
    if version is not None:
        versions = versions.filter(version=version)
    found = versions.order_by("-version").first()
    if found is None:
        raise Http404
    return found
