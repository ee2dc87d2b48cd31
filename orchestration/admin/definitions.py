"""Published definitions: versions never change, so there is nothing to edit."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orchestration.admin.base import ReadOnlyAdmin, pretty
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
        steps = definition.steps.select_related("participant")
        rows = ((s.position + 1, s.name, s.participant_name, s.action, s.compensation or "none") for s in steps)
        return format_html_join("", "<div>{}. {}: {} {} (undo: {})</div>", rows)

    @admin.display(description=_("document"))
    def document_text(self, definition: SagaDefinition) -> SafeString:
        return pretty(definition.document)
