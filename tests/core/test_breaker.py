"""When a participant's circuit opens, and how many calls it gets when it is back."""

from datetime import timedelta

import pytest

from orchestration.core.breaker import Failures, calls_at_once, is_recovering


def failures(*sagas: str) -> Failures:
    seen = Failures()
    for saga in sagas:
        seen = seen.and_one(saga)
    return seen


@pytest.mark.parametrize(
    ("sagas", "recovering", "opens"),
    [
        pytest.param("abcabcabca", False, True, id="ten in a row, of several sagas"),
        pytest.param("abcabcabc", False, False, id="nine in a row"),
        pytest.param("abababababab", False, False, id="two sagas may be wrong themselves"),
        pytest.param("aaa", True, True, id="three in a row just after an outage"),
        pytest.param("aa", True, False, id="two just after an outage"),
    ],
)
def test_when_the_circuit_opens(sagas: str, recovering: bool, opens: bool) -> None:
    assert failures(*sagas).open_the_circuit(recovering=recovering) is opens


@pytest.mark.parametrize(
    ("seconds", "at_once"),
    [(None, 1000), (0.0, 1), (0.9, 1), (1.0, 2), (4.5, 16), (9.9, 512), (10.0, 1000), (600.0, 1000)],
)
def test_after_an_outage_the_calls_come_back_slowly(seconds: float | None, at_once: int) -> None:
    closed_for = None if seconds is None else timedelta(seconds=seconds)
    assert calls_at_once(1000, closed_for) == at_once
    assert calls_at_once(7, closed_for) == min(7, at_once)


def test_a_slow_start_takes_ten_seconds() -> None:
    assert [is_recovering(None), is_recovering(timedelta(seconds=9)), is_recovering(timedelta(seconds=10))] == [
        False, True, False,
    ]  # fmt: skip
