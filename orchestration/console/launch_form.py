"""A launch form made from a definition's JSON Schema. What the form cannot express is written as JSON.

The form only helps; the schema itself is checked again at launch, and its problems come back to their fields.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _

from orchestration import strict_json
from orchestration.console.document_view import ordered_properties
from orchestration.core.definitions import Problem
from orchestration.identifiers import uuid7

PREFIX = "input"
WHOLE = "__input__"
LONG_TEXT = 200
SIMPLE = ("string", "integer", "number", "boolean")


class JSONTextField(forms.CharField):
    """JSON typed by hand, read as strictly as the API reads it."""

    widget = forms.Textarea(attrs={"rows": 5, "class": "mono", "spellcheck": "false"})

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            return strict_json.loads(text.encode())
        except strict_json.WrongJSON as error:
            raise forms.ValidationError("; ".join(map(str, error.problems))) from error


class LaunchForm(forms.Form):
    """Fields for the schema's properties; `launch_key` makes a double submit one saga."""

    launch_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, schema: Mapping[str, Any], *, asks_business_key: bool, data: Any = None) -> None:
        super().__init__(data, prefix=PREFIX, initial={"launch_key": str(uuid7())})
        self._properties = _properties(schema)
        required = set(schema.get("required", ()))
        for name, described in self._properties.items():
            self.fields[name] = _field(name, described, required=name in required)
        if not self._properties:
            self.fields[WHOLE] = JSONTextField(label=_("Input (JSON)"), initial="{}")
        self._asks_business_key = asks_business_key
        self.business_key_field = "__business_key__"
        if asks_business_key:
            self.fields[self.business_key_field] = forms.CharField(
                label=_("Business key"),
                max_length=255,
                required=False,
                help_text=_("Your own id for this saga, if it has one."),
            )

    @property
    def saga_input(self) -> Any:
        """What was typed, as the saga's input. Optional fields left empty are left out."""
        if not self._properties:
            return self.cleaned_data[WHOLE]
        typed = {name: self.cleaned_data.get(name) for name in self._properties}
        return {name: value for name, value in typed.items() if value not in (None, "")}

    @property
    def business_key(self) -> str | None:
        return self.cleaned_data.get(self.business_key_field) or None

    def show(self, problems: Iterable[Problem]) -> None:
        """Put each problem at its field, or above the form."""
        for problem in problems:
            place, _dot, _rest = problem.place.removeprefix("input.").partition(".")
            name = place.partition("[")[0]
            if problem.place == "business_key" and self._asks_business_key:
                self.add_error(self.business_key_field, problem.reason)
            elif name in self._properties:
                inner = problem.place.removeprefix(f"input.{name}").lstrip(".")
                self.add_error(name, f"{inner}: {problem.reason}" if inner else problem.reason)
            else:
                self.add_error(None, str(problem))

    def with_new_key(self) -> None:
        """The next submit is another launch."""
        self.data = {**self.data.dict(), self.add_prefix("launch_key"): str(uuid7())}  # type: ignore[attr-defined]  # posted


def _properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, dict) else {} for name, value in ordered_properties(schema).items()}


def _field(name: str, described: Mapping[str, Any], *, required: bool) -> forms.Field:
    common: dict[str, Any] = {
        "label": described.get("title") or name,
        "help_text": described.get("description", ""),
        "required": required,
    }
    if "default" in described:
        common["initial"] = described["default"]
    if isinstance(described.get("enum"), list):
        return _choice(described["enum"], common)
    match _kind(described):
        case "string":
            return _text(described, common)
        case "integer":
            return forms.IntegerField(min_value=_low(described, 1), max_value=_high(described, 1), **common)
        case "number":
            return forms.FloatField(
                min_value=_low(described, 0), max_value=_high(described, 0), **common,
                widget=forms.NumberInput(attrs={"step": "any"}),
            )  # fmt: skip
        case "boolean":
            return forms.BooleanField(**common | {"required": False})
    if "initial" in common:
        common["initial"] = json.dumps(common["initial"], indent=2, ensure_ascii=False)
    return JSONTextField(**common)


def _kind(described: Mapping[str, Any]) -> str:
    """The one simple type of a property; "" where a form cannot offer it as one field."""
    named = described.get("type")
    kinds = [kind for kind in (named if isinstance(named, list) else [named]) if kind != "null"]
    return kinds[0] if len(kinds) == 1 and kinds[0] in SIMPLE else ""


def _choice(values: list[Any], common: dict[str, Any]) -> forms.Field:
    """The options' values are JSON, so that a number stays a number."""
    options = [(json.dumps(value), value if isinstance(value, str) else json.dumps(value)) for value in values]
    if "initial" in common:
        common["initial"] = json.dumps(common["initial"])
    empty = [] if common["required"] and "initial" in common else [("", "—")]
    return forms.TypedChoiceField(choices=[*empty, *options], coerce=json.loads, empty_value=None, **common)


def _text(described: Mapping[str, Any], common: dict[str, Any]) -> forms.Field:
    longest, pattern = described.get("maxLength"), described.get("pattern")
    if isinstance(longest, int) and longest > LONG_TEXT:
        common["widget"] = forms.Textarea(attrs={"rows": 3})
    if isinstance(pattern, str):
        common["validators"] = [
            RegexValidator(pattern, _("Must match the pattern %(pattern)s.") % {"pattern": pattern})
        ]
    return forms.CharField(min_length=described.get("minLength"), max_length=longest, strip=False, **common)


def _low(described: Mapping[str, Any], step: int) -> Any:
    low = described.get("minimum")
    return low if low is not None or "exclusiveMinimum" not in described else described["exclusiveMinimum"] + step


def _high(described: Mapping[str, Any], step: int) -> Any:
    high = described.get("maximum")
    return high if high is not None or "exclusiveMaximum" not in described else described["exclusiveMaximum"] - step
