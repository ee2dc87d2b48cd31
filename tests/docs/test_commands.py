"""Every command of the documentation runs, and prints what its page shows."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.conftest import fresh_shell
from tests.docs.pages import PAGES, ROOT, Shown, blocks, commands, make_targets, name_of

END = "-- end of command:"
LONGEST_SECONDS = 180
# Its commands have a test of their own, with participants but without a demo.
ELSEWHERE = {"docs/writing_a_participant.md"}
WITH_COMMANDS = [page for page in PAGES if commands(page) and name_of(page) not in ELSEWHERE]


@pytest.mark.slow
@pytest.mark.parametrize("doc", WITH_COMMANDS, ids=name_of)
def test_every_command_prints_what_the_page_shows(doc: Path, standing_in: Path):
    shown = commands(doc)
    ran = run_as_one_shell(shown, directory=standing_in)
    for one, (printed, exit_code) in zip(shown, ran, strict=True):
        assert exit_code == 0, f"$ {one.command}{printed}"
        assert one.matches(printed), f"$ {one.command}{printed}--- but the page shows:\n{one.output}"


@pytest.mark.parametrize("doc", PAGES, ids=name_of)
def test_a_command_that_is_not_run_says_why(doc: Path):
    for block in blocks(doc):
        assert not block.not_run or len(block.not_run) > 10
        assert block.language in {"sh", "console"} or not block.not_run


@pytest.mark.parametrize("doc", PAGES, ids=name_of)
def test_every_make_target_exists(doc: Path):
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert make_targets(doc) <= known


def test_the_pages_have_commands():
    assert {"README.md", "docs/quickstart.md", "docs/api.md", "docs/operating.md", "docs/writing_a_saga.md"} <= {
        name_of(page) for page in WITH_COMMANDS
    }


@pytest.mark.parametrize(
    ("output", "printed", "fits"),
    [
        ("done\n", "done", True),
        ('{"id": "…", "n": 1}\n', '{"id": "01a2", "n": 1}', True),
        ('{"id": "…", "n": 1}\n', '{"id": "01a2", "n": 2}', False),
        ("", "an error nobody expected", False),
        (None, "whatever", True),
    ],
)
def test_a_shown_output_is_compared_with_what_was_printed(output: str | None, printed: str, fits: bool):
    assert Shown("true\n", output).matches(printed) is fits


def run_as_one_shell(shown: list[Shown], *, directory: Path) -> list[tuple[str, int]]:
    """What each command printed, and its exit code. Variables and functions live on from one to the next."""
    script = "exec 2>&1\n" + "".join(f'{{\n{one.command}\n}}\necho "{END} $?"\n' for one in shown)
    ran = subprocess.run(
        ["/bin/sh"], input=script, capture_output=True, text=True, cwd=directory, env=fresh_shell(), check=False,
        timeout=LONGEST_SECONDS,
    )  # fmt: skip
    parts = re.split(rf"{END} (\d+)\n", ran.stdout)
    return [(printed, int(code)) for printed, code in zip(parts[:-1:2], parts[1::2], strict=True)]
