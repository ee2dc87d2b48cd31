"""The bugs that `python -m tests.faults.planted` plants still fit the code, and make Python of it that compiles."""

from pathlib import Path

import pytest

from tests.faults import planted
from tests.faults.planted import BUGS, ROOT, Bug, Change, Moved


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_fits_the_code_as_it_is(bug: Bug) -> None:
    for change in bug.changes:
        compile(change.applied_to(ROOT), change.file, "exec")


def test_a_bug_whose_code_has_moved_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "some.py").write_text("once = 1\ntwice = 2\ntwice = 2\n")
    assert Change("some.py", "once = 1", "once = 0").applied_to(tmp_path).startswith("once = 0\n")
    for old in ("twice = 2", "never = 3"):
        with pytest.raises(Moved):
            Change("some.py", old, "").applied_to(tmp_path)


def test_the_issues_five_bugs_are_planted() -> None:
    assert len(BUGS) == len({bug.name for bug in BUGS}) >= 5
    assert all(bug.betrays and bug.changes for bug in BUGS)


def test_a_bug_is_planted_into_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "of").mkdir()
    (tmp_path / "of" / "some.py").write_text("right = True\n")
    (tmp_path / "of" / ".git").mkdir()
    monkeypatch.setattr(planted, "ROOT", tmp_path / "of")
    tree = planted.copy_of_the_tree(tmp_path)
    Bug("wrong", frozenset({"P1"}), (Change("some.py", "right = True", "right = False"),)).plant(tree)
    assert (tree / "some.py").read_text() == "right = False\n"
    assert (tmp_path / "of" / "some.py").read_text() == "right = True\n"
    assert not (tree / ".git").exists()
