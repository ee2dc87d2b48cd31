"""Who did what."""

from typing import Any

from django.contrib import admin

from orchestration.admin.base import ReadOnlyAdmin
from orchestration.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor", "act", "subject", "granted", "reason", "via")
    list_filter = ("granted", "via")
    search_fields = ("=actor", "=act", "=subject")
    ordering = ("-id",)

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:  # noqa: ARG002  Django's form
        return [field.name for field in AuditEntry._meta.fields]
