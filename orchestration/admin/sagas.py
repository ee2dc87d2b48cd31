"""Sagas: to be read, with steps, attempts and journal; retried and compensated through the operators' own functions."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orchestration import queries
from orchestration.admin.acts import act_on_selected
from orchestration.admin.base import ReadOnlyAdmin, actor_of, pretty
from orchestration.models import Saga


@admin.register(Saga)
class SagaAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "id", "status", "paused", "created_at", "finished_at", "stuck_reason")
    list_filter = ("status", "paused")
    search_fields = ("=business_key", "=id")
    search_help_text = _("A saga's id, or a whole business key.")
    ordering = ("-id",)
    actions = ("retry", "compensate")
    fields = (
        "id", "definition", "status", "paused", "parked_on", "business_key", "stuck_reason", "revision", "epoch",
        "trigger", "launched_by", "created_at", "deadline_at", "started_at", "finished_at", "input",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("input"))
    def input(self, saga: Saga) -> SafeString:
        return pretty(saga.data.input)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        saga = self.get_object(request, object_id)
        if saga is not None and self.has_view_permission(request, saga):
            history = {
                "steps": saga.steps.all(),
                "attempts": queries.attempts_of(saga.pk),
                "events": queries.events_of(saga.pk),
            }
            extra_context = {**(extra_context or {}), **history}
        return super().change_view(request, object_id, form_url, extra_context)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).may("retry_saga")

    def has_compensate_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).may("compensate_saga")

    @admin.action(description=_("Retry the selected sagas"), permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: Any) -> Any:
        return act_on_selected(self, request, queryset, "retry")

    @admin.action(description=_("Compensate the selected sagas"), permissions=["compensate"])
    def compensate(self, request: HttpRequest, queryset: Any) -> Any:
        return act_on_selected(self, request, queryset, "compensate")
