"""Participants, through the same door as the API: checked, audited, secrets never shown."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from orchestration import audit
from orchestration.admin.base import ModelAdmin, actor_of
from orchestration.enrolment import described, enrol, problems_with
from orchestration.models import Participant

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Participant]
else:
    _ModelForm = forms.ModelForm


class ParticipantForm(_ModelForm):
    new_secret = forms.CharField(
        label=_("new secret"), required=False, strip=False, max_length=255,
        help_text=_("Leave empty to keep the present one."), widget=forms.PasswordInput(render_value=False),
    )  # fmt: skip

    class Meta:
        model = Participant
        fields = ("name", "transport", "base_url", "status_path")

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if not self.errors:
            name = values.get("name", self.instance.name)
            said = {field: values[field] for field in ("transport", "base_url", "status_path")}
            for problem in problems_with(name=name, secret=values["new_secret"], **said):
                self.add_error("new_secret" if problem.place == "secret" else problem.place, problem.reason)
        return values


@admin.register(Participant)
class ParticipantAdmin(ModelAdmin):
    form = ParticipantForm
    list_display = ("name", "transport", "base_url", "status_path", "has_secret", "paused")
    search_fields = ("name",)
    ordering = ("name",)
    actions = None

    @admin.display(boolean=True, description=_("has a secret"))
    def has_secret(self, participant: Participant) -> bool:
        return bool(participant.secret)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        return ("name",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Participant, form: Any, change: bool) -> None:  # noqa: ARG002  Django's form
        values = {field: getattr(obj, field) for field in ("name", "transport", "base_url", "status_path")}
        enrolled = enrol(actor=actor_of(request), secret=form.cleaned_data["new_secret"] or None, **values)
        obj.pk = enrolled.participant.pk

    def delete_model(self, request: HttpRequest, obj: Participant) -> None:
        audit.write(
            actor=actor_of(request), act="delete participant", subject=obj.name, granted=True, before=described(obj)
        )
        super().delete_model(request, obj)
