"""What the harness does follows from its seed."""

from sagaconsole.demo.traffic import _MIX
from tests.faults.schedule import Kind, plan
from tests.faults.traffic import Traffic


def test_the_plan_follows_from_the_seed_and_has_every_kind() -> None:
    assert plan(7, 60) == plan(7, 60) != plan(8, 60)
    assert {fault.kind for fault in plan(7, 5)} == set(Kind)
    assert all(0 <= fault.at_seconds <= 60 for fault in plan(7, 60))


def test_the_traffic_follows_from_the_seed() -> None:
    first, same, other = ([traffic.body() for _number in range(60)] for traffic in map(planned_traffic, (7, 7, 8)))
    assert first == same != other
    assert {body["definition"] for body in first} == set(_MIX)


def planned_traffic(seed: int) -> Traffic:
    """Nothing is sent."""
    return Traffic(None, seed)  # type: ignore[arg-type]
