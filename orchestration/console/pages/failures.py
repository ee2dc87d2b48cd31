"""What fails, in groups of sagas that fail in the same way; and who looks after a group."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestration import failure_care
from orchestration.console.bulk_bar import bulk_bar
from orchestration.console.care_form import CareForm
from orchestration.console.htmx import HtmxRequest, part_or_page, shows
from orchestration.models import FailureGroup
from orchestration.queries import failures


@require_GET
@shows("view_saga")
def failure_groups(request: HtmxRequest) -> HttpResponse:
    kind = kind_of(request)
    groups = failures.failure_groups(kind)
    number = sum(group.number for group in groups)
    care = FailureGroup.objects.select_related("owner").in_bulk([group.key for group in groups])
    context = {
        "kind": kind, "rows": [(group, care.get(group.key)) for group in groups], "number": number,
        "is_capped": number >= failures.CAPS[kind],
        "acts": [act for act in bulk_bar(request.user)["front"] if act.name in ("retry", "compensate")],
    }  # fmt: skip
    return render(request, part_or_page(request, "failure_groups"), context)


@require_GET
@shows("view_saga")
def failure_group(request: HtmxRequest, key: str) -> HttpResponse:
    """Who looks after one group, and what is known of it, to read and to change."""
    group = known_group(request, key)
    return render(request, part_or_page(request, "failure_group"), care_context(request, group, CareForm(group=group)))


def kind_of(request: HtmxRequest) -> str:
    """Which groups are meant; the stuck ones, unless the address says otherwise."""
    kind = request.GET.get("kind", "")
    return kind if kind in failures.KINDS else failures.STUCK


def known_group(request: HtmxRequest, key: str) -> FailureGroup:
    """What is written down about it. Raises Http404."""
    try:
        return failure_care.known(kind_of(request), key)
    except failure_care.NoSuchGroup as error:
        raise Http404 from error


def care_context(request: HtmxRequest, group: FailureGroup, form: CareForm) -> dict[str, Any]:
    """The context of the page and of the dialog."""
    return {"group": group, "form": form, "kind": kind_of(request)}
