"""One running demo for all pages, and the directory a reader would stand in: this tree, with that demo in `.demo`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.sagaconsole.processes import wait_until

START_SECONDS = 180


@pytest.fixture(scope="package")
def standing_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory; the demo runs as long as the tests of this package do."""
    if not shutil.which("curl"):
        if os.environ.get("SAGA_REQUIRE_ALL") == "1":
            pytest.fail("the commands of the documentation need curl, and it is not installed")
        pytest.skip("curl is not installed, so the commands of the documentation cannot run")
    directory = tmp_path_factory.mktemp("docs")
    for entry in ROOT.iterdir():
        if entry.name not in {".demo", ".cache", ".git"}:
            (directory / entry.name).symlink_to(entry)
    with (directory / "terminal.txt").open("wb") as terminal:
        demo = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", "0", "--data-dir", str(directory / ".demo")],
            cwd=ROOT, env=fresh_shell(), stdout=terminal, stderr=terminal,
        )  # fmt: skip
    try:
        ready = directory / ".demo" / "demo.json"
        wait_until(lambda: ready.exists() or demo.poll() is not None, timeout_seconds=START_SECONDS)
        assert demo.poll() is None, (directory / "terminal.txt").read_text()
        yield directory
    finally:
        demo.terminate()
        demo.wait(30)


def fresh_shell() -> dict[str, str]:
    """An environment without any of our variables."""
    return {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
