"""What people do in the console, apart from acts on sagas. Each view reads its form and calls the one deed."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orchestration import faults
from orchestration.console.forms import FaultRuleForm
from orchestration.console.htmx import HtmxRequest, actor_of, shows
from orchestration.console.pages.definitions import launch_form, version_or_404
from orchestration.faults import WrongRule
from orchestration.launch import KeyReused, UnknownDefinition, WrongInput, launch
from orchestration.models import FaultRule


@require_POST
@shows("launch_saga")
def launch_saga(request: HtmxRequest, name: str) -> HttpResponse:
    """Launch a saga and go to its page; what is wrong stands at its field, and nothing typed is lost."""
    definition = version_or_404(name, None)
    form = launch_form(definition, request.POST)
    if form.is_valid():
        try:
            launched = launch(
                definition=name, saga_input=form.saga_input, trigger="console", launched_by=request.user.get_username(),
                business_key=form.business_key, idempotency_key=f"console:{form.cleaned_data['launch_key']}",
            )  # fmt: skip
            return redirect("console:saga", launched.saga_id)
        except WrongInput as wrong:
            form.show(wrong.problems)
        except KeyReused:
            form.add_error(None, _("This form has launched a saga already. Launch again to make another one."))
            form.with_new_key()
        except UnknownDefinition as error:
            raise Http404 from error
    return render(request, "console/launch.html", {"definition": definition, "form": form}, status=400)


@require_POST
@shows("view_faultrule")
def add_fault(request: HtmxRequest) -> HttpResponse:
    """Put a fault rule in force."""
    form = FaultRuleForm(request.POST)
    if form.is_valid():
        try:
            faults.add(actor=actor_of(request), **form.rule())
        except WrongRule as wrong:
            form.show(wrong.problems)
        else:
            messages.success(request, _("The fault rule is in force."))
            return redirect("console:fault_rules")
    context = {"rules": faults.in_force(), "form": form, "switched_on": True}
    return render(request, "console/fault_rules.html", context, status=400)


@require_POST
@shows("view_faultrule")
def remove_fault(request: HtmxRequest, rule_id: int) -> HttpResponse:
    """Take a fault rule out of force."""
    try:
        faults.remove(actor=actor_of(request), rule_id=rule_id)
    except FaultRule.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("The fault rule is removed."))
    return redirect("console:fault_rules")
