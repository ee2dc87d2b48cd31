"""API tokens: issued with the secret shown once, revoked, never edited."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables

from orchestration import tokens
from orchestration.admin.base import ReadOnlyAdmin, actor_of, form_page
from orchestration.models import ApiToken


class TokenForm(forms.Form):
    user = forms.ModelChoiceField(User.objects.filter(is_active=True), label=gettext_lazy("user"))
    name = forms.CharField(label=gettext_lazy("name"), max_length=64)
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("scopes"), required=False, choices=[(scope, scope) for scope in tokens.SCOPES],
        widget=forms.CheckboxSelectMultiple, help_text=gettext_lazy("None ticked: all rights of the user."),
    )  # fmt: skip
    days = forms.IntegerField(
        label=gettext_lazy("valid for days"), required=False, min_value=1, max_value=3650,
        help_text=gettext_lazy("Empty: until it is revoked."),
    )  # fmt: skip
    per_minute = forms.IntegerField(
        label=gettext_lazy("requests a minute"), required=False, min_value=1, max_value=tokens.MAX_PER_MINUTE,
        help_text=gettext_lazy("Empty: as many as this deployment lets every token make."),
    )  # fmt: skip


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    list_display = ("name", "user", "scopes", "per_minute", "created_at", "expires_at", "revoked_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    ordering = ("-id",)
    actions = ("revoke",)
    fields = readonly_fields = list_display

    def has_add_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).may("add_apitoken")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).may("delete_apitoken")

    @sensitive_variables("secret")
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:  # noqa: ARG002
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = TokenForm(request.POST or None)
        if not form.is_valid():
            return form_page(self, request, form, _("Issue an API token"))
        wanted = form.cleaned_data
        token, secret = tokens.issue(
            user=wanted["user"], name=wanted["name"], scopes=wanted["scopes"],
            expires_in=timedelta(days=wanted["days"]) if wanted["days"] else None, per_minute=wanted["per_minute"],
            actor=actor_of(request),
        )  # fmt: skip
        return _shown_once(self, request, token, secret)

    @admin.action(description=gettext_lazy("Revoke the selected tokens"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        revoked = [tokens.revoke(token_id=token.pk, actor=actor_of(request)).name for token in queryset]
        self.message_user(request, _("Revoked: %s") % ", ".join(revoked), messages.SUCCESS)


@never_cache
def _answer(request: HttpRequest, context: dict[str, Any]) -> TemplateResponse:
    return TemplateResponse(request, "admin/orchestration/token_issued.html", context)


def _shown_once(page: ApiTokenAdmin, request: HttpRequest, token: ApiToken, secret: str) -> TemplateResponse:
    """The secret goes into this one page and nowhere else: no message, no session, no log."""
    context = page.admin_site.each_context(request)
    return _answer(request, {**context, "opts": page.opts, "title": token.name, "token": token, "secret": secret})
