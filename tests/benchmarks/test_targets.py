"""The verdicts: which figures meet their target and which do not."""

import pytest

from tests.benchmarks import targets
from tests.benchmarks.catalogue import GROUPS, IDEAL, WORKLOADS
from tests.benchmarks.costs import Costs
from tests.benchmarks.results import Result, Run


def result(name: str, *figures: float, commits: int = 10, wal: int = 400_000, tail: float | None = None) -> Result:
    costs = Costs(commits=commits, wal=wal, python_cpu=1.0, postgres_cpu=0.5, others=0.1)
    return Result(name, name, "sagas/s", tuple(Run(100, figure, costs, tail) for figure in figures))


def verdicts(*results: Result) -> dict[str, tuple[bool, str]]:
    return {check.what: (check.met, check.measured) for check in targets.check(results)}


def met(*results: Result) -> bool:
    """Of the one target that these results are about."""
    [check] = targets.check(results)
    return check.met


def test_ratios_are_taken_round_by_round() -> None:
    ours, theirs = result("preloaded", 100, 900, 500), result("celery-preloaded", 10, 100, 200)
    is_met, measured = verdicts(ours, theirs)["preloaded, against a Celery chain"]
    assert not is_met
    assert measured.startswith("9.0 x")


def test_a_peer_is_judged_by_the_fastest_way_to_feed_it() -> None:
    slow, fast = result("dbos-preloaded", 100), result("dbos-own-4", 200)
    found = verdicts(result("preloaded", 4_000), slow, fast)["preloaded, against DBOS at its best"]
    assert found == (False, "20.0 x (dbos-own-4: 200/s)")
    assert verdicts(result("preloaded", 4_000), slow)["preloaded, against DBOS at its best"][0]


def test_a_saga_that_is_undone_makes_twice_the_calls() -> None:
    assert met_share(result("refused", 30), result("preloaded", 100)) == (True, "60 %")
    assert met_share(result("refused", 29), result("preloaded", 100)) == (False, "58 %")


def met_share(*results: Result) -> tuple[bool, str]:
    return verdicts(*results)["refused and undone, in calls, against success"]


@pytest.mark.parametrize(
    ("name", "good", "bad", "beside"),
    [
        pytest.param("steps-5ms", 0.76 * IDEAL, 0.74 * IDEAL, None, id="of the ideal"),
        pytest.param("http", 70, 69, ("bare-client", 100), id="of the bare client"),
        pytest.param("slow", 6, 6.1, None, id="seconds"),
        pytest.param("memory", 150, 151, None, id="MB"),
        pytest.param("claim-million", 90, 89, ("claim-empty", 100), id="beside a million"),
        pytest.param("claim-snapshot", 90, 89, ("claim-empty", 100), id="beside a snapshot"),
        pytest.param("fed-1", 130, 129, ("restate-64", 100), id="fed by one, against Restate"),
        pytest.param("fed-4", 800, 799, ("dbos-own-4", 100), id="fed by four, against DBOS"),
    ],
)
def test_a_limit_that_is_reached_is_met(name: str, good: float, bad: float, beside: tuple[str, float] | None) -> None:
    others = [result(*beside)] if beside else []
    assert met(result(name, good), *others)
    assert not met(result(name, bad), *others)


def test_latency_is_compared_at_the_middle_and_at_the_tail() -> None:
    ours, theirs = result("idle", 5, tail=30, commits=500), result("dbos-idle", 6, tail=20)
    found = verdicts(ours, theirs)
    assert found["idle latency, p50, against DBOS"][0]
    assert not found["idle latency, p99, against DBOS"][0]


def test_commits_alone_and_at_saturation_have_limits_of_their_own() -> None:
    found = verdicts(result("idle", 5, tail=5, commits=501), result("preloaded", 1, commits=31, wal=615_000))
    assert found["durable commits per saga, alone"] == (False, "5.01")
    assert found["durable commits per saga, at saturation"] == (False, "0.31")
    assert found["WAL per saga"] == (False, "6.01 KiB")


def test_what_was_not_measured_is_not_judged() -> None:
    assert targets.check([result("ten-steps", 10)]) == []
    assert targets.check([result("celery-preloaded", 10)]) == []


def test_every_workload_belongs_to_one_group() -> None:
    assert sorted(name for members in GROUPS.values() for name in members) == sorted(WORKLOADS)
