"""The peers' own environment, under the cache directory: a virtual environment and an npm prefix, never `.venv`."""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from sagaconsole.demo.service import ROOT
from sagaconsole.demo.terminal import say
from tests.benchmarks.bed import BenchmarkFailed

HOME = ROOT / ".cache" / "peers"
REQUIREMENTS = ROOT / "requirements" / "peers.txt"
RESTATE_SERVER = "@restatedev/restate-server@1.7.12"
_PATIENCE_SECONDS = 300


class LeftOut(BenchmarkFailed):
    """This peer cannot be measured here; the text says why, for a person."""


@cache
def python() -> str:
    """The interpreter that has the peers' packages. Raises LeftOut."""
    home = HOME / "venv"
    interpreter = home / "bin" / "python"
    if not _is_done(home, stamp := _stamp(REQUIREMENTS.read_text() + sys.version)):
        say("installing the peers' Python packages (once)")
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True)
        pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        _run([*pip, "--require-hashes", "-r", str(REQUIREMENTS)])
        _done(home, stamp)
    return str(interpreter)


@cache
def restate_server() -> str:
    """The path of Restate's server, out of npm. Raises LeftOut."""
    home = HOME / "npm"
    if not _is_done(home, stamp := _stamp(RESTATE_SERVER)):
        npm = shutil.which("npm")
        if npm is None:
            raise LeftOut("npm is not installed")
        say("installing Restate's server (once)")
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        # No scripts: the package's only one reports the installation to somebody.
        _run([npm, "install", "--prefix", str(home), "--ignore-scripts", "--no-audit", "--no-fund", RESTATE_SERVER])
        _done(home, stamp)
    found = sorted(home.glob("node_modules/@restatedev/restate-server-*/bin/restate-server"))
    if not found:
        raise LeftOut(f"{RESTATE_SERVER} has no server for this machine")
    return str(found[0])


def _run(argv: Sequence[str]) -> None:
    """Raises LeftOut with the end of what the program said."""
    name = Path(argv[0]).name
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False,
            env=os.environ | {"npm_config_cache": str(HOME / "npm-cache")},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LeftOut(f"its installation failed: {error}") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise LeftOut(f"its installation failed ({name}): {said[-1] if said else f'exit code {done.returncode}'}")


def _stamp(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _is_done(home: Path, stamp: str) -> bool:
    """Whether exactly this was installed to its end."""
    try:
        return (home / "installed").read_text() == stamp
    except OSError:
        return False


def _done(home: Path, stamp: str) -> None:
    (home / "installed").write_text(stamp)
