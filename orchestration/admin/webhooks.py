"""Webhooks, through the same door as the API: checked, audited, a secret shown once."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables

from orchestration import webhooks
from orchestration.admin.base import ReadOnlyAdmin, actor_of, form_page
from orchestration.models import WebhookEndpoint


class WebhookForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("name"), max_length=64, help_text=gettext_lazy("A name that is there already: change it.")
    )  # fmt: skip
    url = forms.CharField(label=gettext_lazy("URL"), max_length=512)
    events = forms.MultipleChoiceField(
        label=gettext_lazy("events"), choices=[(event, event) for event in webhooks.EVENTS],
        initial=webhooks.EVENTS, widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    enabled = forms.BooleanField(label=gettext_lazy("enabled"), required=False, initial=True)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if not self.errors:
            said = {field: values[field] for field in ("name", "url", "events")}
            for problem in webhooks.problems_with(**said):
                self.add_error(problem.place, problem.reason)
        return values


@admin.register(WebhookEndpoint)
class WebhookAdmin(ReadOnlyAdmin):
    list_display = ("name", "url", "events", "enabled", "disabled_because", "previous_until", "created_at")
    search_fields = ("name", "url")
    ordering = ("name",)
    actions = ("rotate", "remove")
    fields = readonly_fields = (*list_display, "created_by")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).may("add_webhookendpoint")

    def has_rotate_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).may("change_webhookendpoint")

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).may("delete_webhookendpoint")

    @sensitive_variables("changed")
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:  # noqa: ARG002
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = WebhookForm(request.POST or None)
        if not form.is_valid():
            return form_page(self, request, form, _("Add a webhook, or change one"))
        changed = webhooks.change(actor=actor_of(request), **form.cleaned_data)
        if changed.secret:
            return _shown_once(self, request, changed)
        self.message_user(request, _("Changed: %s") % changed.endpoint.name, messages.SUCCESS)
        return self.response_post_save_add(request, changed.endpoint)

    @admin.action(description=gettext_lazy("Give the selected webhook a new secret"), permissions=["rotate"])
    def rotate(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> TemplateResponse | None:
        if queryset.count() != 1:
            self.message_user(request, _("Select one webhook: each secret is shown by itself."), messages.ERROR)
            return None
        return _shown_once(self, request, webhooks.rotate(name=queryset.get().name, actor=actor_of(request)))

    @admin.action(description=gettext_lazy("Remove the selected webhooks with their log"), permissions=["remove"])
    def remove(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        names = list(queryset.values_list("name", flat=True))
        for name in names:
            webhooks.remove(name=name, actor=actor_of(request))
        self.message_user(request, _("Removed: %s") % ", ".join(names), messages.SUCCESS)


@never_cache
def _answer(request: HttpRequest, context: dict[str, Any]) -> TemplateResponse:
    return TemplateResponse(request, "admin/orchestration/webhook_secret.html", context)


def _shown_once(page: WebhookAdmin, request: HttpRequest, changed: webhooks.Changed) -> TemplateResponse:
    """The secret goes into this one page and nowhere else: no message, no session, no log."""
    context = page.admin_site.each_context(request)
    name = changed.endpoint.name
    return _answer(request, {**context, "opts": page.opts, "title": name, "name": name, "secret": changed.secret})
