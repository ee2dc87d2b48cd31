"""Sagas: to be read, with steps, attempts and journal; acted on through the operators' own functions."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IS_POPUP_VAR
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orchestration import queries
from orchestration.admin.acts import NOTE, TITLES, act_on_selected
from orchestration.admin.base import ReadOnlyAdmin, actor_of, pretty
from orchestration.models import Saga
from orchestration.operator_actions import ACTS


@admin.register(Saga)
class SagaAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "id", "status", "paused", "created_at", "finished_at", "stuck_reason")
    list_filter = ("status", "paused")
    search_fields = ("=business_key", "=id")
    search_help_text = _("A saga's id, or a whole business key.")
    ordering = ("-id",)
    fields = (
        "id", "definition", "status", "paused", "parked_on", "business_key", "stuck_reason", "revision", "epoch",
        "trigger", "launched_by", "created_at", "deadline_at", "overdue", "started_at", "finished_at",
        "restarted_from_id", "restarted_as_id", "input",
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
                "acts": [(name, title) for _deed, name, title in self.get_actions(request).values()],
                "steps": saga.steps.all(),
                "attempts": queries.attempts_of(saga.pk),
                "events": queries.events_of(saga.pk),
            }
            extra_context = {**(extra_context or {}), **history}
        return super().change_view(request, object_id, form_url, extra_context)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One per act that the person may do. Approvals are offered to all: each step names the right to it."""
        if IS_POPUP_VAR in request.GET:
            return {}
        actor = actor_of(request)
        offered = {act.name: act.name == "approve" or actor.may(act.permission) for act in ACTS.values()}
        offered[NOTE] = actor.may("note_saga")
        return {name: (_action(name), name, TITLES[name]) for name, may in offered.items() if may}


def _action(name: str) -> Any:
    return lambda page, request, sagas: act_on_selected(page, request, sagas, name)
