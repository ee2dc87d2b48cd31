"""Plays many random sagas against the rules: `python -m tests.core.prove --examples 10000 --seed 7`.

Prints the seed first, so that whatever is found can be found again.
"""

import argparse
import sys
import time
from secrets import randbelow

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.core.test_saga_machine import SagaMachine


def main(arguments: list[str]) -> None:
    """Raises what a violated invariant raises, with the shortest story that leads to it."""
    parser = argparse.ArgumentParser(prog="python -m tests.core.prove", description=__doc__)
    parser.add_argument("--examples", type=int, default=10_000, help="how many sagas are played")
    parser.add_argument("--steps", type=int, default=50, help="how much happens to each, at most")
    parser.add_argument("--seed", type=int, default=None, help="play the same sagas again")
    options = parser.parse_args(arguments)
    seed = randbelow(2**32) if options.seed is None else options.seed
    say(f"seed {seed}: {options.examples} sagas, at most {options.steps} events each")
    began = time.monotonic()
    run_state_machine_as_test(
        hypothesis.seed(seed)(SagaMachine),
        settings=settings(
            max_examples=options.examples, stateful_step_count=options.steps, deadline=None, database=None,
            phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    say(f"no rule was broken in {options.examples} sagas ({time.monotonic() - began:.0f} s)")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
