"""The launch form: made from the schema, typed values, errors at their fields, one saga per form."""

from typing import Any

from django.urls import reverse

from orchestration.models import Saga, SagaDefinition
from tests.cast import Cast

GOOD = {"input-launch_key": "k-1", "input-order_id": "A-1", "input-qty": "3"}


def send(cast: Cast, name: str = "operator", **fields: str) -> Any:
    return getattr(cast, name).browser.post(reverse("console:launch", args=["place-order"]), GOOD | fields)


def test_the_form_offers_a_field_per_property(cast: Cast, definition: SagaDefinition) -> None:
    html = cast.operator.browser.get(reverse("console:launch", args=["place-order"])).content.decode()
    assert "Order number" in html
    assert 'type="number" name="input-qty" value="2" min="1" max="9"' in html
    assert 'type="checkbox" name="input-gift"' in html
    assert '<option value="&quot;large&quot;">large</option>' in html
    assert '<textarea name="input-lines"' in html
    assert "Business key" not in html


def test_a_launch_leads_to_its_saga_with_typed_input(cast: Cast, definition: SagaDefinition) -> None:
    fields = {"input-gift": "on", "input-weight": "1.5", "input-size": "1", "input-lines": '[{"sku": "A"}]'}
    response = send(cast, **fields)
    saga = Saga.objects.select_related("data").get()
    assert response["Location"] == reverse("console:saga", args=[saga.pk])
    assert saga.data.input == {
        "order_id": "A-1", "qty": 3, "gift": True, "weight": 1.5, "size": 1, "lines": [{"sku": "A"}],
    }  # fmt: skip
    assert (saga.trigger, saga.launched_by, saga.business_key) == ("console", "operator", "A-1")


def test_a_double_submit_makes_one_saga(cast: Cast, definition: SagaDefinition) -> None:
    assert send(cast)["Location"] == send(cast)["Location"]
    assert Saga.objects.count() == 1


def test_the_same_form_with_other_values_is_not_launched_by_accident(cast: Cast, definition: SagaDefinition) -> None:
    send(cast)
    response = send(cast, **{"input-qty": "4"})
    assert response.status_code == 400
    assert "This form has launched a saga already." in response.content.decode()
    assert 'value="k-1"' not in response.content.decode()
    assert Saga.objects.count() == 1


def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(cast: Cast, definition: SagaDefinition) -> None:
    response = send(cast, **{"input-order_id": "lower case", "input-qty": "12"})
    form = response.context["form"]
    assert response.status_code == 400
    assert set(form.errors) == {"order_id", "qty"}
    assert 'value="lower case"' in response.content.decode()
    assert Saga.objects.count() == 0


def test_problems_that_only_the_schema_finds_come_back_to_their_field(cast: Cast, definition: SagaDefinition) -> None:
    form = send(cast, **{"input-lines": '[{"qty": 1}]'}).context["form"]
    assert form.errors["lines"] == ["[0].sku: is required"]


def test_json_that_cannot_be_read_is_an_error_at_the_field(cast: Cast, definition: SagaDefinition) -> None:
    assert "lines" in send(cast, **{"input-lines": "[1,"}).context["form"].errors


def test_a_viewer_may_not_launch(cast: Cast, definition: SagaDefinition) -> None:
    assert send(cast, "viewer").status_code == 403
    assert Saga.objects.count() == 0
