"""`python -m tests.faults.planted`: the harness is tested. It must catch bugs that are planted into copies of the tree.

One bug after the other: the tree is copied, the bug put in, and `make faults` run on the copy, with one seed after the
other until a promise is missed. Exit code 1 when a bug stays unnoticed with every seed. A bug whose code has moved is
an error at once, and `tests/faults/test_planted.py` finds that before anybody runs this.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sagaconsole.demo.terminal import say

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".demo", ".cache", "__pycache__", ".*_cache", ".hypothesis")
SEEDS = (12, 21, 34)
SECONDS = 60
MISSED = 1


class Moved(Exception):
    """The code that a bug changes is not there any more, or is there twice."""


@dataclass(frozen=True, slots=True)
class Change:
    file: str
    old: str
    new: str

    def applied_to(self, tree: Path) -> str:
        """The file's text with the change. Raises Moved."""
        text = (tree / self.file).read_text()
        if text.count(self.old) != 1:
            raise Moved(f"{self.file} has this {text.count(self.old)} times, not once:\n{self.old}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Bug:
    """`betrays`: promises of which at least one must be missed."""

    name: str
    betrays: frozenset[str]
    changes: tuple[Change, ...]

    def plant(self, tree: Path) -> None:
        """Raises Moved."""
        for change in self.changes:
            text = change.applied_to(tree)
            (tree / change.file).write_text(text)


BUGS = (
    # The epoch is the last line of defence: a drain that looks at its lease first seldom gets so far. So that goes too.
    Bug("no epoch check", frozenset({"P3", "P5a", "P5b", "P5c"}), (
        Change("orchestration/store/record.py", "saga.epoch = change.seen_epoch", "true"),
        Change(
            "orchestration/drain/settling.py", "if saga.epoch == held.sagas[saga.id].epoch}", "}",
        ),
        Change(
            "orchestration/drain/lease.py", "return not self.lost and time.monotonic() < self._good_until",
            "return True",
        ),
    )),
    Bug("outcome not recorded before the next call", frozenset({"P3", "P5c"}), (
        Change(
            "orchestration/drain/settling.py", "    landed: list[SagaChange] = []\n    try:\n",
            "    landed: list[SagaChange] = []\n    for change in changes:\n"
            "        drain.held.landed(drain.held.sagas[change.id], change)\n    try:\n",
        ),
    )),
    Bug("key changed on retry", frozenset({"P2", "P3", "P4"}), (
        Change(
            "orchestration/participants/messages.py", '{self.step}:{self.direction}"',
            '{self.step}:{self.direction}:{self.attempt}"',
        ),
    )),
    Bug("dispatcher off", frozenset({"P6", "P7", "P8a"}), (
        Change(
            "orchestration/sweep.py", "        cursor.execute(leases.RELEASE_LAPSED)\n",
            "        return Swept(0, 0, 0, 0, 0)\n        cursor.execute(leases.RELEASE_LAPSED)\n",
        ),
    )),
    Bug("batch failure swallowed", frozenset({"P3", "P5a", "P6"}), (
        Change(
            "orchestration/drain/settling.py", "    for change in landed:\n        drain.held.landed",
            "    landed = list(changes)\n    for change in landed:\n        drain.held.landed",
        ),
    )),
)  # fmt: skip


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.planted", description=__doc__)
    parser.add_argument("--only", action="append", choices=[bug.name for bug in BUGS], help="this bug, not all")
    parser.add_argument("--seed", type=int, action="append", help=f"seeds to try in turn (default {SEEDS})")
    options = parser.parse_args(words)
    bugs = [bug for bug in BUGS if not options.only or bug.name in options.only]
    unnoticed = [bug.name for bug in bugs if not _is_caught(bug, options.seed or SEEDS)]
    say(
        f"{len(bugs) - len(unnoticed)} of {len(bugs)} bugs were caught" + "".join(f"; NOT {name}" for name in unnoticed)
    )
    return MISSED if unnoticed else 0


def copy_of_the_tree(directory: Path) -> Path:
    return Path(shutil.copytree(ROOT, directory / "tree", ignore=LEFT_OUT))


def _is_caught(bug: Bug, seeds: Sequence[int]) -> bool:
    with tempfile.TemporaryDirectory(prefix="sagaconsole-planted-") as directory:
        tree = copy_of_the_tree(Path(directory))
        bug.plant(tree)
        return any(_is_caught_with(bug, tree, seed) for seed in seeds)


def _is_caught_with(bug: Bug, tree: Path, seed: int) -> bool:
    began = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--seed", str(seed), "--seconds", str(SECONDS), "--pile", "0"],
        cwd=tree, capture_output=True, text=True, check=False,
    )  # fmt: skip
    missed = set(re.findall(r"^(P\w+) .* MISSED", run.stdout, re.MULTILINE))
    caught = run.returncode == MISSED and bool(missed & bug.betrays)
    how = f"caught by {', '.join(sorted(missed))}" if caught else f"not noticed (missed: {sorted(missed) or 'nothing'})"
    say(f"{bug.name}: {how}, seed {seed}, {time.monotonic() - began:.0f} s")
    if not caught and not missed:
        say(run.stdout[-3000:] + run.stderr[-1000:])
    shutil.rmtree(_kept(run.stdout), ignore_errors=True)
    return caught


def _kept(output: str) -> str:
    """The directory that a run which missed a promise has left."""
    found = re.search(r"^data and logs are kept in (\S*sagaconsole-faults-\S+)$", output, re.MULTILINE)
    return found[1] if found else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
