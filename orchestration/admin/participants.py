"""Participants, through the same door as the API: checked, audited, secrets never shown."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from orchestration import audit
from orchestration.admin.base import ModelAdmin, actor_of
from orchestration.enrolment import (
    LONGEST_CALL,
    MOST_IN_FLIGHT,
    SHORTEST_CALL,
    described,
    enrol,
    problems_with,
)
from orchestration.models import Participant
from orchestration.operator_actions import MAX_REASON

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Participant]
else:
    _ModelForm = forms.ModelForm


_LIMITS = {"max_in_flight", "timeout"}
FIELDS = ("name", "transport", "base_url", "status_path", "max_in_flight", "timeout")


class ParticipantForm(_ModelForm):
    new_secret = forms.CharField(
        label=_("new secret"), required=False, strip=False, max_length=255,
        help_text=_("Leave empty to keep the present one."), widget=forms.PasswordInput(render_value=False),
    )  # fmt: skip

    max_in_flight = forms.IntegerField(
        label=_("Calls at once"), min_value=1, max_value=MOST_IN_FLIGHT, initial=1000,
        help_text=_("Over all workers. A lowered limit holds as the calls that are out end."),
    )  # fmt: skip
    timeout = forms.FloatField(
        label=_("Seconds for one call"), min_value=SHORTEST_CALL, max_value=LONGEST_CALL, initial=5,
        help_text=_("For steps that name no timeout of their own."),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Reason"), required=False, max_length=MAX_REASON,
        help_text=_("Stands in the audit, with your name. A change of the limits needs one."),
    )  # fmt: skip

    class Meta:
        model = Participant
        fields = FIELDS

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if not self.errors:
            name = values.get("name", self.instance.name)
            said = {field: values[field] for field in ("transport", "base_url", "status_path")}
            for problem in problems_with(name=name, secret=values["new_secret"], **said):
                self.add_error("new_secret" if problem.place == "secret" else problem.place, problem.reason)
            if self.instance.pk and _LIMITS & {*self.changed_data} and not values["reason"]:
                self.add_error("reason", _("A change of the limits needs a reason."))
        return values


@admin.register(Participant)
class ParticipantAdmin(ModelAdmin):
    form = ParticipantForm
    list_display = ("name", "transport", "base_url", "status_path", "has_secret", "max_in_flight", "paused")
    search_fields = ("name",)
    ordering = ("name",)
    actions = None

    @admin.display(boolean=True, description=_("has a secret"))
    def has_secret(self, participant: Participant) -> bool:
        return bool(participant.secret)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        return ("name",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Participant, form: Any, change: bool) -> None:  # noqa: ARG002  Django's form
        values = {field: getattr(obj, field) for field in FIELDS}
        secret = form.cleaned_data["new_secret"] or None
        enrolled = enrol(actor=actor_of(request), secret=secret, reason=form.cleaned_data["reason"], **values)
        obj.pk = enrolled.participant.pk

    def delete_model(self, request: HttpRequest, obj: Participant) -> None:
        audit.write(
            actor=actor_of(request), act="delete participant", subject=obj.name, granted=True, before=described(obj)
        )
        super().delete_model(request, obj)
