"""The failure lab: rules in force, adding and removing them."""

from typing import Any

from django.urls import reverse

from orchestration.models import AuditEntry, FaultRule, SagaDefinition
from tests.cast import Cast

RULE = {"kind": "refuse", "step": "charge-card", "times": "2", "expires_in": "300"}


def add(cast: Cast, name: str = "admin", **fields: str) -> Any:
    return getattr(cast, name).browser.post(reverse("console:fault_rules"), RULE | fields, follow=True)


def test_a_rule_is_added_shown_and_removed(cast: Cast, definition: SagaDefinition) -> None:
    html = add(cast).content.decode()
    rule = FaultRule.objects.get()
    assert (rule.kind, rule.step, rule.times, rule.created_by) == ("refuse", "charge-card", 2, "admin")
    assert f'id="rule-{rule.pk}"' in html
    html = cast.admin.browser.post(reverse("console:remove_fault", args=[rule.pk]), follow=True).content.decode()
    assert "No fault rule is in force" in html
    assert "fault rule is in force: failures are injected" not in html


def test_what_is_wrong_stands_at_its_field(cast: Cast, definition: SagaDefinition) -> None:
    form = add(cast, kind="delay").context["form"]
    assert form.errors["delay"] == ["is needed for this kind"]
    assert set(add(cast, probability="7", times="0").context["form"].errors) == {"probability", "times"}
    assert FaultRule.objects.count() == 0


def test_an_operator_may_look_but_not_add(cast: Cast, definition: SagaDefinition) -> None:
    assert "You may look, not add" in cast.operator.browser.get(reverse("console:fault_rules")).content.decode()
    assert add(cast, "operator").status_code == 403
    assert AuditEntry.objects.get(act="add fault rule").granted is False


def test_where_they_are_switched_off_the_page_says_so(cast: Cast, definition: SagaDefinition, settings: Any) -> None:
    settings.SAGA_ALLOW_FAULTS = False
    assert "Switched off in this deployment" in cast.admin.browser.get(reverse("console:fault_rules")).content.decode()
    assert add(cast).status_code == 403


def test_an_unknown_rule_is_404(cast: Cast) -> None:
    assert cast.admin.browser.post(reverse("console:remove_fault", args=[99])).status_code == 404
