"""What people choose for themselves, and tokens of their own."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from orchestration import tokens
from orchestration.console import preferences

_DAYS = {7: _("7 days"), 30: _("30 days"), 90: _("90 days"), 365: _("1 year")}


class PreferencesForm(forms.Form):
    """Language, time zone, theme, shortcuts."""

    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("as the browser says")), *settings.LANGUAGES]
    )
    time_zone = forms.CharField(
        label=_("Time zone"), required=False, max_length=64,
        help_text=_("Of every time and every axis. Empty: as the browser says."),
        widget=forms.TextInput(attrs={"list": "zones", "placeholder": "America/Sao_Paulo", "autocomplete": "off"}),
    )  # fmt: skip
    theme = forms.ChoiceField(
        label=_("Theme"), required=False,
        choices=[("", _("as the system says")), ("light", _("Light")), ("dark", _("Dark"))],
    )  # fmt: skip
    shortcuts = forms.BooleanField(
        label=_("Shortcuts of a single key"), required=False,
        help_text=_("Switch them off when they get in the way of a screen reader or of voice control."),
    )  # fmt: skip

    def clean_time_zone(self) -> str:
        name = str(self.cleaned_data["time_zone"])
        if name and name not in preferences.zones():
            raise forms.ValidationError(_("There is no such time zone. An example: America/Sao_Paulo."))
        return name


class OwnTokenForm(forms.Form):
    """A token for oneself."""

    name = forms.CharField(label=_("Name"), max_length=64, help_text=_("What it is for."))
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), required=False, choices=[(scope, scope) for scope in tokens.SCOPES],
        widget=forms.CheckboxSelectMultiple, help_text=_("None ticked: everything that you may do yourself."),
    )  # fmt: skip
    days = forms.TypedChoiceField(label=_("Expires after"), coerce=int, initial=90, choices=list(_DAYS.items()))

    def wanted(self) -> dict[str, Any]:
        """The arguments of `tokens.issue_own`, apart from the actor."""
        told = self.cleaned_data
        return {"name": told["name"], "scopes": told["scopes"], "expires_in": timedelta(days=told["days"])}
