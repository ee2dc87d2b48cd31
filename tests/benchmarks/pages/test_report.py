"""The tables and the verdicts, and what counts as a first visit's files."""

import pytest

from tests.benchmarks.pages import report
from tests.benchmarks.pages.figures import FirstLoad, Measured, StreamFigures, Timing
from tests.benchmarks.pages.first_load import Named

QUICK, SLOW_TAIL, SLOW = Timing(40, 250, 30_000), Timing(90, 301, 30_000), Timing(101, 120, 30_000)


def streams(*, tail: float = 150, megabytes: float = 150, connections: int = 11) -> Measured:
    return Measured(streams=StreamFigures(300, 50, 20, tail, 200, connections, 90, megabytes, 30))


def met(measured: Measured) -> list[bool]:
    return [check.met for check in report.checks(measured)]


def test_the_databases_stand_side_by_side() -> None:
    table = report.tables(Measured({"demo": {"overview": QUICK}, "million": {"overview": SLOW, "audit": QUICK}}))
    head, overview, audit = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in table.splitlines()]
    assert head == ["server time in ms", "demo, median", "demo, p95", "million, median", "million, p95", "KB"]
    assert overview == ["overview", "40", "250", "101", "120", "30", "MISSED"]
    assert audit == ["audit", "-", "-", "40", "250", "30"]


@pytest.mark.parametrize(
    ("group", "timing", "verdicts"),
    [
        pytest.param("demo", QUICK, [True], id="only the middle is judged at demo size"),
        pytest.param("demo", SLOW_TAIL, [False], id="demo"),
        pytest.param("million", QUICK, [True, True], id="million"),
        pytest.param("million", SLOW_TAIL, [True, False], id="million, p95"),
        pytest.param("million", SLOW, [False, True], id="million, median"),
    ],
)
def test_the_slowest_address_decides(group: str, timing: Timing, verdicts: list[bool]) -> None:
    measured = Measured({group: {"quick": Timing(1, 1, 1), "audit": timing}})
    assert met(measured) == verdicts
    assert "slowest: audit" in report.checks(measured)[0].measured


def test_at_demo_size_only_peoples_pages_are_judged() -> None:
    assert met(Measured({"demo": {"REST sagas": SLOW}})) == []
    assert met(Measured({"demo": {"REST sagas": SLOW, "sagas": QUICK}, "million": {"REST sagas": SLOW}})) == [
        True, False, True,
    ]  # fmt: skip


def test_a_first_visit_has_a_limit_and_its_paint_waits_for_no_script() -> None:
    good = FirstLoad(10_000, {"/static/a.css": 50_000, "/static/b.woff2": 40_000}, [])
    assert met(Measured(loads={"overview": good})) == [True, True]
    bad = FirstLoad(10_001, good.rest, ["/static/a.js"])
    assert met(Measured(loads={"overview": good, "sagas": bad})) == [False, False]
    assert report.tables(Measured(loads={"sagas": good})).splitlines()[1].split() == ["sagas", "10", "50", "40", "100"]


@pytest.mark.parametrize(
    ("measured", "verdicts"),
    [
        (streams(), [True, True, True]),
        (streams(tail=150.1), [False, True, True]),
        (streams(megabytes=151), [True, False, True]),
        (streams(connections=12), [True, True, False]),
    ],
)
def test_streams_have_three_limits(measured: Measured, verdicts: list[bool]) -> None:
    assert met(measured) == verdicts
    assert "300 browsers" in report.tables(measured)


def test_what_was_not_measured_is_not_judged() -> None:
    assert report.checks(Measured()) == []
    assert report.tables(Measured()) == ""


def test_the_machine_is_named() -> None:
    assert " cores of " in report.machine()


def test_deferred_scripts_and_modules_hold_up_no_paint() -> None:
    named = Named()
    named.feed('<link rel="stylesheet" href="a.css"><script src="b.js"></script><script defer src="c.js"></script>')
    named.feed('<script type="module" src="d.js"></script><svg><use href="e.svg#x"></use></svg><script>f()</script>')
    assert named.files == ["a.css", "b.js", "c.js", "d.js", "e.svg#x"]
    assert named.blocking == ["b.js", "a script in the page"]
