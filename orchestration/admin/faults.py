"""Fault rules: added and removed through `faults`, never edited."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration import faults
from orchestration.admin.base import ReadOnlyAdmin, actor_of, form_page
from orchestration.core.states import Direction
from orchestration.models import FaultRule
from orchestration.models.columns import choices


class FaultForm(forms.Form):
    """Empty fields match everything."""

    kind = forms.ChoiceField(label=gettext_lazy("kind"), choices=FaultRule.Kind.choices)
    expires_in = forms.IntegerField(label=gettext_lazy("expires in seconds"), initial=300, min_value=1, max_value=900)
    definition = forms.CharField(label=gettext_lazy("definition"), required=False, max_length=64)
    step = forms.CharField(label=gettext_lazy("step"), required=False, max_length=64)
    participant = forms.CharField(label=gettext_lazy("participant"), required=False, max_length=64)
    direction = forms.ChoiceField(
        label=gettext_lazy("direction"), required=False, choices=[("", "---------"), *choices(Direction)]
    )
    saga_id = forms.UUIDField(label=gettext_lazy("saga"), required=False)
    attempts = SimpleArrayField(forms.IntegerField(), label=gettext_lazy("attempts"), required=False)
    delay = forms.FloatField(label=gettext_lazy("delay in seconds"), required=False)
    times = forms.IntegerField(label=gettext_lazy("times"), required=False)
    probability = forms.FloatField(label=gettext_lazy("probability"), required=False)

    def added(self, request: HttpRequest) -> FaultRule | None:
        """The new rule; None when something is wrong with it, which is then said at the field."""
        values = {**self.cleaned_data, "attempts": self.cleaned_data["attempts"] or None}
        expires_in = timedelta(seconds=values.pop("expires_in"))
        try:
            return faults.add(actor=actor_of(request), expires_in=expires_in, **values)
        except faults.WrongRule as error:
            for problem in error.problems:
                self.add_error(problem.place, problem.reason)
            return None


@admin.register(FaultRule)
class FaultRuleAdmin(ReadOnlyAdmin):
    list_display = (
        "kind", "definition", "step", "participant", "direction", "times", "fired", "created_by", "expires_at",
        "removed_at",
    )  # fmt: skip
    list_filter = ("kind",)
    ordering = ("-id",)
    actions = ("remove",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:  # noqa: ARG002
        return [field.name for field in FaultRule._meta.fields]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).may("add_faultrule")

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).may("delete_faultrule")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:  # noqa: ARG002
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = FaultForm(request.POST or None)
        if form.is_valid() and (rule := form.added(request)):
            self.message_user(request, _("In force: %s") % rule, messages.SUCCESS)
            return redirect("admin:orchestration_faultrule_changelist")
        return form_page(self, request, form, _("Add a fault rule"))

    @admin.action(description=gettext_lazy("Take the selected rules out of force"), permissions=["remove"])
    def remove(self, request: HttpRequest, queryset: QuerySet[FaultRule]) -> None:
        for rule in queryset:
            faults.remove(actor=actor_of(request), rule_id=rule.pk)
        self.message_user(request, _("Out of force."), messages.SUCCESS)
