"""What the harness says of an outage of one participant: P10 and P11."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.faults import hermit
from tests.faults.facts import Facts, Outage, Saga

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def outage(*calls: float, during: float = 0.1, end: str = "completed") -> Facts:
    """Open from noon to a minute later; each healthy saga takes 0.1 s before, and `during` then."""
    keys = {f"{when}-{number}": f"{when}-{number}" for when in ("before", "during") for number in range(20)}
    sagas = [
        Saga(
            key,
            "completed",
            key,
            1,
            1,
            created_at=NOON,
            finished_at=NOON + timedelta(seconds=during if key[0] == "d" else 0.1),
        )
        for key in keys
    ]
    told = Outage(
        [key for key in keys if key[0] == "b"], [key for key in keys if key[0] == "d"], ["waited"], NOON,
        NOON + timedelta(minutes=1), [NOON + timedelta(seconds=at) for at in calls],
    )  # fmt: skip
    return Facts(acknowledged=keys, sagas=[*sagas, Saga("waited", end, "waited", 1, 1)], outage=told)


@pytest.mark.parametrize(
    ("facts", "p10", "p11"),
    [
        pytest.param(outage(-0.1, 0.5, 6, 11.5, 61, 61.1), True, True, id="kept"),
        pytest.param(outage(6, 10), True, False, id="two probes in five seconds"),
        pytest.param(outage(6, during=0.2), False, True, id="the others are slower"),
        pytest.param(outage(6, end="compensated"), True, False, id="who waited lost its tries"),
    ],
)
def test_an_outage_of_one_participant(facts: Facts, p10: bool, p11: bool) -> None:
    kept = {one.promise: one.kept for one in hermit.verdicts(facts)}
    assert kept == {"P10": p10, "P11": p11}
