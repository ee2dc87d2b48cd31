"""The tables, as text."""

from tests.benchmarks import report
from tests.benchmarks.costs import Costs
from tests.benchmarks.results import Result, Run, latencies
from tests.benchmarks.targets import Check

COSTS = Costs(commits=10, wal=102_400, python_cpu=1.0, postgres_cpu=0.5, others=0.1)


def test_the_table_has_a_line_per_workload_with_medians_and_costs_per_saga() -> None:
    result = Result("a", "a title", "sagas/s", tuple(Run(100, figure, COSTS) for figure in (90.0, 2_000.0, 100.0)))
    lines = report.table([result]).splitlines()
    assert lines[1].split("  ")[0] == "a title"
    assert [cell.strip() for cell in lines[1].split("  ") if cell.strip()][1:] == [
        "100 sagas/s", "90 - 2,000", "0.100", "1.0 KiB", "10.00, 5.00",
    ]  # fmt: skip


def test_latencies_have_a_tail() -> None:
    result = Result("a", "a title", "ms", (latencies([1.0] * 98 + [50.0] * 2),))
    assert "1.0 ms, p99 50.0" in report.table([result])


def test_the_detail_is_that_of_the_median_run() -> None:
    runs = (Run(1, 1.0, detail="low"), Run(1, 3.0, detail="high"), Run(1, 2.0, detail="middle"))
    assert "2 sagas/s; middle" in report.table([Result("a", "a title", "sagas/s", runs)])


def test_a_verdict_says_met_or_missed_and_the_limit() -> None:
    text = report.verdicts([Check(True, "this", "3.0 x", ">= 2 x"), Check(False, "that", "1.0 x", ">= 2 x")])
    assert [line.split()[0] for line in text.splitlines()] == ["MET", "MISSED"]
    assert "(>= 2 x)" in text.splitlines()[1]


def test_how_much_of_the_machine_was_not_ours_is_said() -> None:
    assert "took 10 %" in report.noise([Result("a", "a title", "sagas/s", (Run(1, 1.0, COSTS),))])
    assert report.noise([Result("a", "a title", "sagas/s", (Run(1, 1.0),))]) == ""
