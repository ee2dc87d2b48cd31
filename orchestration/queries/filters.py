"""The saga list's filters: one contract for pages (URL parameters) and the API."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, Q, Subquery, TextField
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from orchestration.core.definitions import NAME, Problem
from orchestration.core.states import SagaStatus, StepStatus
from orchestration.models import DefinitionStep, Saga, Step
from orchestration.models.columns import choices
from orchestration.models.sagas import SagaQuerySet
from orchestration.schemas import rfc3339

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
# An id holds the time of the process that made it, `created_at` the database's; so far may the two be apart.
CLOCK_SLACK = timedelta(hours=2)
AT_REST = (StepStatus.PENDING, StepStatus.SUCCEEDED, StepStatus.SKIPPED, StepStatus.COMPENSATED)


class WrongFilter(ValueError):
    """A parameter is unknown, came twice or has a wrong value; each problem's place is the parameter."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(str(problem) for problem in problems))


class MomentField(forms.CharField):
    """A time by RFC 3339 with its zone, or a plain date, which begins at midnight UTC."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            if len(text) == len("2026-01-31"):
                return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
            return _in_utc(rfc3339(text))
        except ValueError as error:
            message = _("must be a date (2026-01-31) or a time by RFC 3339 with its zone (2026-01-31T12:00:00Z)")
            raise ValidationError(message) from error


class MomentFilter(django_filters.Filter):  # type: ignore[misc]  # the library has no types
    field_class = MomentField


class NameField(forms.CharField):
    """The name of a definition, participant or step."""

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value and not NAME.fullmatch(value):
            raise ValidationError(_("must be a name of a-z, 0-9 and -"))


class NameFilter(django_filters.Filter):  # type: ignore[misc]  # the library has no types
    field_class = NameField


class SagaFilter(django_filters.FilterSet):  # type: ignore[misc]  # the library has no types
    """Every filter narrows. `step`: sagas at that step now; `q`: an id, or a part of business key or stuck reason."""

    status = django_filters.MultipleChoiceFilter(label=_("status"), choices=choices(SagaStatus))
    definition = NameFilter(label=_("definition"), field_name="definition_name")
    business_key = django_filters.CharFilter(label=_("business key"), max_length=255)
    participant = NameFilter(label=_("participant"), method="with_participant")
    step = NameFilter(label=_("step"), method="at_step")
    error = django_filters.CharFilter(label=_("error"), max_length=255, method="with_error")
    q = django_filters.CharFilter(label=_("search"), max_length=255, method="search")
    created_after = MomentFilter(label=_("created after"), method="not_before")
    created_before = MomentFilter(label=_("created before"), method="before")

    class Meta:
        model = Saga
        fields: tuple[str, ...] = ()

    def with_participant(self, sagas: SagaQuerySet, _name: str, value: str) -> SagaQuerySet:
        return of_definitions_with(value, sagas).filter(definition_id__in=[pk for pk, _name in _versions_with(value)])

    def at_step(self, sagas: SagaQuerySet, _name: str, value: str) -> SagaQuerySet:
        here = Step.objects.filter(saga_id=OuterRef("pk"), name=value).exclude(status__in=AT_REST)
        # One that has ended is at no step. EXISTS becomes a join that reads all steps; this cannot be joined.
        return sagas.live().alias(here=Subquery(here.values("position")[:1])).filter(here__isnull=False)

    def with_error(self, sagas: SagaQuerySet, _name: str, value: str) -> SagaQuerySet:
        steps = Step.objects.filter(saga_id=OuterRef("pk"), error__isnull=False)
        said = steps.annotate(text=Cast("error", TextField())).filter(text__icontains=value)
        # As EXISTS it would become a search of all steps, once; this is asked for each saga that is looked at.
        said_so = sagas.alias(said=Subquery(said.values("position")[:1]))
        return said_so.filter(Q(stuck_reason__icontains=value) | Q(said__isnull=False))

    def search(self, sagas: SagaQuerySet, _name: str, value: str) -> SagaQuerySet:
        try:
            return sagas.filter(pk=UUID(value.strip()))
        except ValueError:
            return sagas.filter(Q(business_key__icontains=value) | Q(stuck_reason__icontains=value))

    def not_before(self, sagas: SagaQuerySet, _name: str, value: datetime) -> SagaQuerySet:
        # The id's bound lets the primary key find the place; `created_at`, which has no index, makes it exact.
        return sagas.filter(created_at__gte=value, pk__gte=first_id(value, -CLOCK_SLACK))

    def before(self, sagas: SagaQuerySet, _name: str, value: datetime) -> SagaQuerySet:
        return sagas.filter(created_at__lt=value, pk__lt=first_id(value, CLOCK_SLACK))


def of_definitions_with(participant: str, sagas: SagaQuerySet) -> SagaQuerySet:
    """Those of definitions of which at least one version calls that participant: by their names an index leads."""
    return sagas.filter(definition_name__in=sorted({name for _pk, name in _versions_with(participant)}))


def filter_sagas(params: QueryDict) -> SagaQuerySet:
    """The sagas that fit every parameter. Raises WrongFilter for unknown, doubled and wrong ones."""
    problems = [Problem(name[:80], "unknown parameter") for name in params if name not in SagaFilter.base_filters]
    once = [name for name in params if name != "status" and len(params.getlist(name)) > 1]
    problems += [Problem(name[:80], "may be given once") for name in once]
    said = params.copy()
    if set(said.getlist("status")) == {""}:
        del said["status"]  # what a form sends for "any"
    found = SagaFilter(said, Saga.objects.all())
    problems += [Problem(name, " ".join(map(str, errors))) for name, errors in found.errors.items()]
    if problems:
        raise WrongFilter(problems)
    queryset: SagaQuerySet = found.qs
    return queryset


def _versions_with(participant: str) -> list[tuple[int, str]]:
    """Id and name of each version of a definition that calls it."""
    found = DefinitionStep.objects.filter(participant__name=participant)
    return list(found.values_list("definition_id", "definition__name").distinct())


def _in_utc(moment: datetime) -> datetime:
    """By its zone a far time may lie before the first year or after the last one: no saga is beyond these either."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return FIRST if moment.year == FIRST.year else LAST


def first_id(moment: datetime, slack: timedelta) -> UUID:
    """The lowest UUIDv7 of that millisecond."""
    milliseconds = (moment - EPOCH + slack) // timedelta(milliseconds=1)
    return UUID(int=min(max(milliseconds, 0), (1 << 48) - 1) << 80)
