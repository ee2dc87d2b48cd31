"""The failure lab: rules in force, and a form for another."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orchestration import faults
from orchestration.console.forms import FaultRuleForm
from orchestration.console.htmx import HtmxRequest, part_or_page, shows


@require_GET
@shows("view_faultrule")
def fault_rules(request: HtmxRequest) -> HttpResponse:
    context = {"rules": faults.in_force(), "form": FaultRuleForm(), "switched_on": settings.SAGA_ALLOW_FAULTS}
    return render(request, part_or_page(request, "fault_rules"), context)
