"""How long a drain lasts."""

from orchestration import jobs


def test_drains_that_begin_together_do_not_end_together() -> None:
    lengths = {jobs._slice_seconds() for _number in range(50)}
    assert len(lengths) > 40
    assert max(lengths) - min(lengths) > 1
    assert min(lengths) >= 8
    assert max(lengths) <= 12
