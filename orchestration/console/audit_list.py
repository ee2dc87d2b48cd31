"""The audit page's address: which filters are on, and which rows they let through."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django import forms
from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from orchestration.models import AuditEntry
from orchestration.queries.filters import CLOCK_SLACK, MomentField, first_id

SUGGESTED = 200
_SHOWN_MOMENT = "2026-01-31T12:00:00Z"
# Parameters: how many values at most. Jumps from one value to the next by the index, however many rows have it.
_KNOWN = """
WITH RECURSIVE known AS (
    (SELECT {column} FROM orchestration_auditentry ORDER BY {column} LIMIT 1)
    UNION ALL
    SELECT (SELECT {column} FROM orchestration_auditentry WHERE {column} > known.{column} ORDER BY {column} LIMIT 1)
    FROM known WHERE known.{column} IS NOT NULL
)
SELECT {column} FROM known WHERE {column} IS NOT NULL LIMIT %s
"""


class AuditFilterForm(forms.Form):
    """Filters of the audit page; all optional, and each narrows."""

    actor = forms.CharField(
        label=_("Who"), required=False, max_length=150, widget=forms.TextInput(attrs={"list": "actors", "size": 14})
    )
    act = forms.CharField(
        label=_("Act"), required=False, max_length=32, widget=forms.TextInput(attrs={"list": "acts", "size": 14})
    )
    result = forms.ChoiceField(
        label=_("Result"),
        required=False,
        choices=[("", _("any")), ("granted", _("granted")), ("refused", _("refused"))],
    )
    saga = forms.UUIDField(label=_("Saga (id)"), required=False)
    after = MomentField(
        label=_("Not before"), required=False, widget=forms.TextInput(attrs={"placeholder": _SHOWN_MOMENT})
    )
    before = MomentField(
        label=_("Before"), required=False, widget=forms.TextInput(attrs={"placeholder": _SHOWN_MOMENT})
    )

    @property
    def wanted(self) -> dict[str, Any]:
        """The filters that are on; none when one is wrong."""
        return {name: value for name, value in self.cleaned_data.items() if value} if self.is_valid() else {}


def entries(wanted: dict[str, Any]) -> QuerySet[AuditEntry]:
    """Audit rows that fit every filter."""
    found = AuditEntry.objects.all()
    for condition in _conditions(wanted):
        found = found.filter(**condition)
    return found


def known(column: str) -> list[str]:
    """The values that `actor` or `act` has in the audit, for suggestions."""
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN.format(column=column), [SUGGESTED])
        return [row[0] for row in cursor.fetchall()]


def _conditions(wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in wanted.items():
        match name:
            case "actor" | "act":
                yield {name: value}
            case "saga":
                yield {"saga_id": UUID(str(value))}
            case "result":
                yield {"granted": value == "granted"}
            case "after":
                # The id's bound lets the primary key find the place; `at`, which has no index, makes it exact.
                yield {"at__gte": value, "pk__gte": first_id(value, -CLOCK_SLACK)}
            case "before":
                yield {"at__lt": value, "pk__lt": first_id(value, CLOCK_SLACK)}
