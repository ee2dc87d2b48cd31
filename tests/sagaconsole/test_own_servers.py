"""The tests' own servers: they are gone when the test run is, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sagaconsole.embedded.ports import port_is_free
from tests.sagaconsole.processes import wait_until

ROOT = Path(__file__).parents[2]
TEST = """
import os, pathlib, time
from urllib.parse import urlsplit

def test_something():
    ports = [str(urlsplit(os.environ[name]).port) for name in ("DATABASE_URL", "REDIS_URL")]
    pathlib.Path(os.environ["SAY"] + ".new").write_text(" ".join(ports))
    os.rename(os.environ["SAY"] + ".new", os.environ["SAY"])
    time.sleep(float(os.environ["SLEEP"]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, None])
def test_servers_end_with_the_test_run(tmp_path: Path, number: signal.Signals | None) -> None:
    test, says = tmp_path / "test_it.py", tmp_path / "ports"
    test.write_text(TEST)
    ours = ("DATABASE_URL", "REDIS_URL", "PYTEST_XDIST_WORKER", "DJANGO_SETTINGS_MODULE")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment |= {"SAY": str(says), "SLEEP": "600" if number else "0"}
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT), str(test)]
    with subprocess.Popen(
        [*argv, "-c", str(ROOT / "pyproject.toml")], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    ) as run:
        wait_until(says.exists, timeout_seconds=60)
        if number:
            run.send_signal(number)
        run.wait(60)
    ports = [int(port) for port in says.read_text().split()]
    assert len(ports) == 2
    wait_until(lambda: all(port_is_free(port) for port in ports))
