"""Acts, notes and bulk acts from the shell: the same rules, rights and audit as everywhere."""

import json
from pathlib import Path

import pytest

from orchestration import jobs
from orchestration.models import AuditEntry, Saga
from orchestration.operator_actions import ACTS
from tests.cast import make_person
from tests.orchestration.management.shell import saga
from tests.orchestration.scripted import World, define, no, run_until_quiet, start


def stuck(engine: World) -> Saga:
    define("reserve", {"name": "charge", "pivot": True}, {"name": "send", "compensation": None})
    engine.will("send", no())
    launched = start()
    run_until_quiet()
    launched.refresh_from_db()
    assert launched.status == "stuck"
    return launched


def test_every_act_has_its_verb():
    for act in ACTS:
        assert saga(act).code == 1, "the id is missing"
        assert "the following arguments are required: ID, --reason" in saga(act).out


def test_a_stuck_saga_is_repaired_from_the_shell(engine: World):
    one = stuck(engine)
    preview = saga("preview", "edit-and-retry", str(one.pk))
    assert preview.lines[0] == f"allowed, at revision {one.revision}"
    seen = saga(
        "edit-and-retry", str(one.pk), "--reason", "another size", "--input", '{"size": 1}', "--revision",
        str(one.revision),
    )  # fmt: skip
    assert (seen.code, seen.lines[0].split()[-1]) == (0, "running")
    run_until_quiet()
    assert engine.commands[-1].input == {"size": 1}
    assert Saga.objects.get().status == "completed"


def test_who_was_at_the_shell_is_in_the_audit(engine: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOGNAME", "ana")
    one = stuck(engine)
    saga("pause", str(one.pk), "--reason", "let me look")
    row = AuditEntry.objects.get(act="pause")
    assert (row.actor, row.via, row.reason) == ("manage.py saga (ana)", "command", "let me look")


def test_in_the_name_of_a_user_only_what_that_user_may(engine: World):
    one = stuck(engine)
    make_person("operator")
    refused = saga("abandon", str(one.pk), "--reason", "x", "--confirm", str(one.pk), "--as", "operator")
    assert (refused.code, refused.out) == (5, "operator lacks the right abandon_saga")
    assert saga("abandon", str(one.pk), "--reason", "x", "--confirm", str(one.pk), "--as", "admin").code == 0
    rows = AuditEntry.objects.filter(act="abandon").order_by("id").values_list("actor", "granted")
    assert list(rows) == [("operator", False), ("admin", True)]
    assert saga("pause", str(one.pk), "--reason", "x", "--as", "nobody").code == 4


def test_an_act_that_does_not_fit_says_why_and_who_was_there(engine: World):
    one = stuck(engine)
    saga("compensate", str(one.pk), "--reason", "x")
    seen = saga("retry", str(one.pk), "--reason", "x", "--revision", "1")
    assert (seen.code, "it is at revision" in seen.out) == (3, True)
    assert saga("preview", "approve", str(one.pk)).code == 3


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["retry", "nonsense", "--reason", "x"], 4, "'nonsense' is not the id of a saga"),
        (["retry", "0" * 32, "--reason", "x"], 4, "there is no such saga"),
        (["note", "0" * 32, "x"], 4, "there is no such saga"),
        (["resolve", "{}", "--reason", "x"], 1, "is required"),
        (["resolve", "{}", "--reason", "x", "--outcome", "applied", "--output", "{"], 1, "--output: not JSON"),
        (["retry", "{}", "--reason", " "], 1, "must be 1 to 1000 characters"),
        (["retry", "{}", "--reason", "x", "--step", "nothing"], 1, "this saga has no step 'nothing'"),
        (["bulk", "retry", "--reason", "x"], 1, "give --as USER"),
        (["bulk", "retry", "--reason", "x", "--as", "operator", "--status", "lost"], 1, "lost"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(engine: World, arguments: list[str], code: int, said: str):
    make_person("operator")
    one = stuck(engine)
    seen = saga(*(str(one.pk) if argument == "{}" else argument for argument in arguments))
    assert (seen.code, said in seen.out) == (code, True), seen


def test_a_note_is_kept(engine: World):
    one = stuck(engine)
    assert saga("note", str(one.pk), "told the warehouse").code == 0
    assert "told the warehouse" in saga("show", str(one.pk)).out


def test_one_act_on_all_that_fit(engine: World, monkeypatch: pytest.MonkeyPatch):
    make_person("operator")
    one = stuck(engine)
    monkeypatch.setattr("time.sleep", lambda _seconds: jobs.run_housekeeping())  # the worker, while we look on
    seen = saga("bulk", "retry", "--reason", "it is up again", "--status", "stuck", "--as", "operator", "--json")
    assert (seen.code, seen.json["status"], seen.json["done"]) == (0, "completed", 1)
    run_until_quiet()
    assert Saga.objects.get(pk=one.pk).status == "completed"


def test_restart_from_shows_the_saga_that_takes_over(engine: World, tmp_path: Path):
    one = stuck(engine)
    seen = saga("restart-from", str(one.pk), "--reason", "x", "--step", "send", "--json")
    assert (seen.code, seen.json["restarted_from"]) == (0, str(one.pk))
    path = tmp_path / "input.json"
    path.write_text(json.dumps({"a": 1}))
    again = saga("edit-and-retry", seen.json["id"], "--reason", "x", "--input", f"@{path}")
    assert again.code == 3
