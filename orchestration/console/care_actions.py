"""Who looks after a group of failures, and what is known of it, as people write it down."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orchestration import failure_care
from orchestration.console.care_form import CareForm
from orchestration.console.htmx import HtmxRequest, acted, actor_of, part_or_page, shows
from orchestration.console.pages.failures import care_context, kind_of, known_group
from orchestration.failure_care import ChangedMeanwhile, NoSuchGroup
from orchestration.operator_actions import WrongAct


@require_POST
@shows("view_saga")
def look_after(request: HtmxRequest, key: str) -> HttpResponse:
    """Nothing that was typed is lost, whatever is wrong and whoever was quicker."""
    group = known_group(request, key)
    form, status = CareForm(request.POST, group=group), 400
    if form.is_valid():
        try:
            failure_care.look_after(kind=kind_of(request), key=key, actor=actor_of(request), **form.cleaned_data)
        except WrongAct as wrong:
            form.add_error(wrong.field, str(wrong))
        except NoSuchGroup as error:
            raise Http404 from error
        except ChangedMeanwhile as conflict:
            group, status = conflict.group, 409
            form.add_error(
                None,
                _("%(who)s has changed it meanwhile. What stands there now is shown above; saving writes over it.")
                % {"who": group.changed_by},
            )
            form.overtaken_by(group)
        else:
            return _done(request)
    context = care_context(request, group, form) | {"overtaken": status == 409}
    return render(request, part_or_page(request, "failure_group"), context, status=status)


def _done(request: HtmxRequest) -> HttpResponse:
    message = _("Kept.")
    if request.htmx:
        return acted(message)
    messages.success(request, message)
    return redirect("console:failure_groups")
