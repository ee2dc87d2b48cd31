"""launch, list, show, watch, import and export."""

import json
from pathlib import Path
from threading import Thread

import pytest
import yaml
from django.db import connection

from orchestration.management.saga.common import Terminal
from orchestration.models import DefinitionDraft, Saga
from tests.orchestration.management.shell import saga
from tests.orchestration.scripted import World, define, no, run_until_quiet, start

DOCUMENT = {"name": "ship-it", "steps": [{"name": "pack", "participant": "scripted", "action": "scripted"}]}


def test_launch_takes_what_rest_takes(engine: World):
    define("reserve")
    first = saga("launch", "story", "--input", '{"a": 1}', "--business-key", "b-1", "--key", "k-1", "--json")
    assert (first.code, first.json["business_key"], first.json["input"]) == (0, "b-1", {"a": 1})
    same = saga("launch", "story", "--input", '{"a": 1}', "--business-key", "b-1", "--key", "k-1", "--json")
    assert same.json["id"] == first.json["id"]
    assert saga("launch", "story", "--key", "k-1").code == 3
    assert saga("launch", "story", "--version", "7").code == 4
    assert saga("launch", "nothing").out == "there is no definition nothing"
    assert saga("launch", "story", "--input", "[]").out == "input: must be an object"
    assert saga("launch", "story", "--input", '{"a": 1, "a": 2}').code == 1
    assert saga("launch").code == 1
    assert Saga.objects.count() == 1


def test_a_file_launches_line_by_line(engine: World, tmp_path: Path):
    define("reserve")
    file = tmp_path / "launches.jsonl"
    good = {"definition": "story", "input": {}, "idempotency_key": "k-1"}
    lines = [good, good, {"definition": "story"}, {**good, "version": "1"}, {**good, "definition": "nothing"}]
    file.write_text("\n".join([*map(json.dumps, lines), "", "{"]))
    seen = saga("launch", "--file", str(file), "--json")
    told = [json.loads(line) for line in seen.lines]
    assert (seen.code, Saga.objects.count()) == (1, 1)
    assert [one.get("created") for one in told] == [True, False, None, None, None, None]
    assert "must be an object with definition and input" in told[2]["error"]


def test_list_shows_what_fits(engine: World):
    define("reserve")
    for number in range(3):
        start(order=number)
    assert len(saga("list", "--status", "pending").lines) == 3
    page = saga("list", "--limit", "2").lines
    assert page[2].startswith("more: --cursor ")
    assert len(saga("list", "--cursor", page[2].split()[-1]).lines) == 1
    assert saga("list", "--status", "stuck", "--json").json == {"items": [], "next_cursor": None}
    assert saga("list", "--created-after", "yesterday").code == 1
    assert saga("list", "--definition", "A B").code == 1


def test_show_tells_steps_tries_and_journal(engine: World):
    define("reserve", "charge")
    engine.will("charge", no("no \x1b[31mmoney"))
    one = start()
    run_until_quiet()
    seen = saga("show", str(one.pk))
    assert "compensated" in seen.lines[0]
    assert any("charge" in line and "action 1  refused" in line for line in seen.lines)
    assert seen.lines[-1].endswith("compensating > compensated")
    assert "\x1b" not in seen.out, "what a participant said does not steer the terminal"
    assert saga("show", str(one.pk), "--json").json["attempts"][1]["error"]["message"] == "no \x1b[31mmoney"


@pytest.mark.parametrize(("answer", "code"), [(None, 0), (no(), 11)])
def test_watch_follows_to_the_end_and_says_which(engine: World, answer: Exception | None, code: int):
    define("reserve", "charge")
    if answer is not None:
        engine.will("charge", answer)
    one = start()

    def work() -> None:
        try:
            run_until_quiet()
        finally:
            connection.close()

    worker = Thread(target=work)
    worker.start()
    seen = saga("watch", str(one.pk), "--seconds", "30")
    worker.join()
    assert seen.code == code
    assert " launched by test  [pending]" in seen.lines[0]
    assert len(seen.lines) == len(saga("show", str(one.pk), "--json").json["events"])


def test_watch_gives_up_in_time(engine: World):
    define("reserve")
    one = start()
    assert saga("watch", str(one.pk), "--seconds", "0").code == 14
    assert saga("launch", "story", "--watch", "--seconds", "0").code == 14


def test_definitions_go_out_and_come_in(engine: World, tmp_path: Path):
    define("reserve")
    good, wrong = tmp_path / "ship.json", tmp_path / "wrong.yaml"
    good.write_text(json.dumps(DOCUMENT))
    wrong.write_text("name: wrong\nsteps: []\n")
    seen = saga("import", str(good), str(wrong))
    assert (seen.code, seen.lines) == (1, [
        f"{good}: ship-it v1", f"{wrong}: steps: must be a list of 1 to 100 steps",
    ])  # fmt: skip
    assert saga("import", str(good)).out == f"{good}: already there: ship-it v1\n"
    assert yaml.safe_load(saga("export", "ship-it").out) == DOCUMENT
    assert saga("export", "ship-it", "--json").json == DOCUMENT
    assert saga("export", "--to", str(tmp_path)).code == 0
    assert {path.name for path in tmp_path.glob("*.yaml")} == {"ship-it.yaml", "story.yaml", "wrong.yaml"}
    assert saga("import", str(tmp_path / "ship-it.yaml")).out.endswith("already there: ship-it v1\n")
    assert saga("export", "nothing").code == 4
    assert saga("export", "ship-it", "--version", "2").out == "there is no definition ship-it v2"
    assert saga("import", "/nowhere").code == 1
    assert saga("export", "--to", "/nowhere").code == 1


def test_a_file_becomes_a_draft(engine: World, tmp_path: Path):
    define("reserve")
    file = tmp_path / "ship.yaml"
    file.write_text("# mine\n" + yaml.safe_dump(DOCUMENT))
    assert saga("import", "--draft", str(file)).out == f"{file}: draft of ship-it v1\n"
    assert DefinitionDraft.objects.get().text.startswith("# mine")


def test_a_bar_is_drawn_only_where_somebody_looks():
    class Screen:
        def __init__(self, *, is_tty: bool) -> None:
            self.is_tty, self.text = is_tty, ""

        def isatty(self) -> bool:
            return self.is_tty

        def write(self, text: str) -> None:
            self.text += text

        def flush(self) -> None:
            """Nothing is held back."""

    for is_tty, drawn in ((True, "\rgoing [##############################] 2/2\n"), (False, "")):
        screen = Screen(is_tty=is_tty)
        assert list(Terminal(screen, screen, as_json=False).progress([1, 2], 2, "going")) == [1, 2]  # type: ignore[arg-type]  # enough of a file
        assert screen.text[-len(drawn) or None :] == drawn
