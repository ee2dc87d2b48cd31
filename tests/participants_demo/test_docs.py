"""docs/writing_a_participant.md: its commands print what it says, and its code is the code that runs."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.participants_demo.running import ROOT, Participant

PAGE = (ROOT / "docs" / "writing_a_participant.md").read_text()
END = "-- end of command --"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """Each command of the page, in order, with the output that the page shows for it."""
    parts = [part for block in blocks("console") for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [(command, output.strip()) for command, _, output in (part.partition("\n") for part in parts)]


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_every_command_prints_what_the_page_shows(participants: dict[str, Participant], tmp_path: Path):
    (tmp_path / ".demo").mkdir()
    urls = {name: participant.url for name, participant in participants.items()}
    (tmp_path / ".demo" / "demo.json").write_text(json.dumps({"participants": urls}))
    script = "".join(f"{command}\necho '{END}'\n" for command, _ in commands())
    ran = subprocess.run(
        ["/bin/sh", "-eu"], input=script, capture_output=True, text=True, cwd=tmp_path, env=os.environ, check=True
    )
    printed = [output.strip() for output in ran.stdout.split(END)[:-1]]
    assert list(zip([command for command, _ in commands()], printed, strict=True)) == commands()


def test_the_page_shows_each_kind_of_answer():
    shown = " ".join(output for _, output in commands())
    assert all(
        word in shown
        for word in (
            "stale_epoch",
            "late_action",
            "empty",
            "no_stock",
            "compensated",
            "absent",
            "in_progress",
            "refused",
        )
    )


@pytest.mark.parametrize("code", blocks("python"), ids=lambda code: code.split("\n")[0].strip())
def test_the_code_of_the_page_is_code_that_runs(code: str):
    sources = [path.read_text() for path in (ROOT / "participants_demo").rglob("*.py")]
    assert any(code in source for source in sources)
