"""The verdicts: which figures pass and which do not."""

from tests.benchmarks import report
from tests.benchmarks.costs import Costs
from tests.benchmarks.results import Result, Run


def result(name: str, *figures: float, commits: int = 10, wal: int = 400_000, ideal: float | None = None) -> Result:
    costs = Costs(commits=commits, wal=wal, python_cpu=1.0, postgres_cpu=0.5, others=0.1)
    return Result(name, name, "sagas/s", tuple(Run(100, figure, costs) for figure in figures), ideal)


def verdicts(*results: Result) -> dict[str, bool]:
    return {check.text: check.met for check in report.check(results)}


def test_ratios_are_taken_round_by_round() -> None:
    ours, theirs = result("preloaded", 100, 900, 500), result(report.BASE, 10, 100, 200)
    assert verdicts(ours, theirs)["preloaded is 9.0 x a job per saga on SimpleWorker (>= 5)"]


def test_too_slow_too_many_commits_and_too_much_wal_are_missed() -> None:
    ours = result("preloaded", 49, commits=51, wal=820_000)
    assert verdicts(ours, result(report.BASE, 10)) == {
        "preloaded is 4.9 x a job per saga on SimpleWorker (>= 5)": False,
        "0.51 durable commits per saga, preloaded (<= 0.5)": False,
        "8.01 KiB of WAL per saga, preloaded (<= 8)": False,
    }


def test_steps_of_five_milliseconds_are_compared_with_the_ideal() -> None:
    assert verdicts(result("steps-5ms", 60, ideal=100)) == {
        "steps of 5 ms reach 60 % of the ideal 100/s (>= 60)": True,
    }
    assert not all(verdicts(result("steps-5ms", 59, ideal=100)).values())


def test_what_was_not_measured_is_not_judged() -> None:
    assert verdicts(result("fed-1", 10)) == {}


def test_the_table_has_a_line_per_workload() -> None:
    lines = report.table([result("preloaded", 100.0), result(report.BASE, 10.0)]).splitlines()
    assert len(lines) == 3
    assert lines[1].split()[:7] == ["preloaded", "100", "sagas/s", "100", "-", "100", "10.00"]
