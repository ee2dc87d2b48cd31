"""A program with a wrong clock is wrong as on such a machine."""

import json
import subprocess
import sys
from pathlib import Path

from tests.orchestration.nursery import ROOT

ASKING = """
import json, time
from datetime import UTC, datetime
from grpc.aio._utils import _timeout_to_deadline

true = time.clock_gettime(time.CLOCK_REALTIME)
told = [time.time(), datetime.now(UTC).timestamp(), _timeout_to_deadline(5)]
print(json.dumps([round((one - true) / 60) for one in told]))
"""


def test_grpc_has_the_time_of_the_c_code_that_keeps_its_deadlines(tmp_path: Path) -> None:
    asking = tmp_path / "asking.py"
    asking.write_text(ASKING)
    argv = [sys.executable, "-m", "tests.faults.wrong_clock", "-3600", str(asking)]
    told = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert json.loads(told) == [-60, -60, 0]
