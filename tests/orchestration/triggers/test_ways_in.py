"""The same saga by REST, by the shell and by the form: it runs to its end, and shows how it came in."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse

from orchestration.models import Saga
from orchestration.queries.bodies import saga_body
from tests.cast import make_person
from tests.orchestration.scripted import World, define, run_until_quiet

SCHEMA = {"type": "object", "required": ["order_id"], "properties": {"order_id": {"type": "string"}}}


def by_rest(name: str) -> None:
    body = {"definition": name, "input": {"order_id": "o-1"}}
    assert make_person("operator").api.post("/sagas", body).status_code == 201


def by_shell(name: str) -> None:
    call_command("saga", "launch", name, "--input", '{"order_id": "o-1"}', stdout=StringIO())


def by_form(name: str) -> None:
    form: dict[str, Any] = {"input-launch_key": "k-1", "input-order_id": "o-1"}
    assert make_person("operator").browser.post(reverse("console:launch", args=[name]), form).status_code == 302


@pytest.mark.parametrize(("way", "trigger"), [(by_rest, "rest"), (by_shell, "shell"), (by_form, "console")])
def test_each_way_in_leads_to_the_same_end(engine: World, way: Any, trigger: str):
    way(define("reserve", "charge", input_schema=SCHEMA))
    run_until_quiet()
    saga = Saga.objects.select_related("data").get()
    assert (saga.status, saga.trigger, saga.data.input) == ("completed", trigger, {"order_id": "o-1"})
    assert engine.calls == ["reserve", "charge"]
    assert saga_body(saga.pk)["trigger"] == trigger


def test_what_the_shell_prints_is_what_rest_answers(engine: World):
    define("reserve")
    out = StringIO()
    call_command("saga", "launch", "story", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert told == make_person("viewer").api.get(f"/sagas/{told['id']}").json()
