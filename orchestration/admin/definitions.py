"""Published definitions: versions never change, so there is nothing to edit."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from orchestration.admin.base import ReadOnlyAdmin, pretty
from orchestration.core.definitions import StepDefinition
from orchestration.core.states import StepKind
from orchestration.definitions import compiled_definition
from orchestration.models import SagaDefinition


@admin.register(SagaDefinition)
class SagaDefinitionAdmin(ReadOnlyAdmin):
    list_display = ("name", "version", "title", "published_at", "published_by", "retired_at")
    search_fields = ("name", "title")
    ordering = ("name", "-version")
    fields = (
        "name", "version", "title", "published_at", "published_by", "retired_at", "fingerprint", "step_list",
        "document_text",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("steps"))
    def step_list(self, definition: SagaDefinition) -> SafeString:
        return format_html_join("", "<div>{}. {}: {}</div>", map(_line, compiled_definition(definition.pk).steps))

    @admin.display(description=_("document"))
    def document_text(self, definition: SagaDefinition) -> SafeString:
        return pretty(definition.document)


def _line(step: StepDefinition) -> tuple[int, str, str]:
    """Number, name, and what it does. Steps of a parallel group have the same number."""
    match step.kind:
        case StepKind.APPROVAL:
            text = gettext("a person with the right %(right)s decides within %(time)s")
            does = text % {"right": step.permission, "time": step.wait}
        case StepKind.WAIT:
            does = gettext("waits %(time)s") % {"time": step.wait}
        case StepKind.SAGA:
            does = gettext("the saga %(name)s") % {"name": step.saga}
        case StepKind.CALL:
            does = f"{step.participant} {step.action} ({_('undo')}: {step.compensation or _('none')})"
    return step.stage + 1, step.name, f"{does} ({_('pivot')})" if step.pivot else does
