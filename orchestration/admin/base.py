"""What the admin pages share: reading without writing, capped counts, and one plain form page."""

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestration.audit import Actor
from orchestration.queries import capped_count

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    _Paginator = Paginator[Any]
else:
    ModelAdmin = admin.ModelAdmin
    _Paginator = Paginator


class CappedPaginator(_Paginator):
    """Counts 10,000 rows at most, so that the list costs the same with a million."""

    @cached_property
    def count(self) -> int:
        return capped_count(self.object_list).number  # type: ignore[arg-type]  # the admin pages querysets only


class ReadOnlyAdmin(ModelAdmin):
    """May be looked at with the view right; never added to, changed or deleted from here."""

    paginator = CappedPaginator
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  Django's form
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


def actor_of(request: HttpRequest) -> Actor:
    return Actor(request.user, "admin")


def form_page(page: ModelAdmin, request: HttpRequest, form: forms.Form, title: str) -> TemplateResponse:
    """A page of the admin with one form on it."""
    context = {**page.admin_site.each_context(request), "opts": page.opts, "title": title, "form": form}
    return TemplateResponse(request, "admin/orchestration/form_page.html", context)


def pretty(value: Any) -> SafeString:
    """JSON for people, escaped."""
    return format_html("<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False))
