"""`python -m tests.benchmarks`: measure, print one table, and say which targets are met. Exit code 1: one is missed."""

import argparse
import os
import sys
from dataclasses import dataclass

from sagaconsole.demo.errors import DemoError, Stopped
from sagaconsole.demo.terminal import say, stopping_on_signals
from sagaconsole.embedded import EmbeddedServerError
from tests.benchmarks import report
from tests.benchmarks.bed import BenchmarkFailed, durable_bed

NAMES = ("preloaded", "steps-5ms", "fed-1", "fed-4", "idle", "rq-job-per-saga", "rq-job-per-step", "rq-forking")
STOPPED_BY_SIGNAL = 130


@dataclass(frozen=True, slots=True)
class Options:
    """`sagas`: how many are launched before the preloaded runs. `only`: names of workloads, empty for all."""

    sagas: int
    repeat: int
    only: tuple[str, ...]


def main() -> int:
    options = _options()
    try:
        with stopping_on_signals(), durable_bed() as bed:
            os.environ.update(bed.environment())
            from tests.benchmarks.suite import measure  # noqa: PLC0415  the settings need the servers' addresses

            results = measure(bed, sagas=options.sagas, repeat=options.repeat, names=options.only or NAMES)
    except Stopped:
        return STOPPED_BY_SIGNAL
    except (BenchmarkFailed, DemoError, EmbeddedServerError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    checks = report.check(results)
    say(f"\n{report.table(results)}\n\n{report.noise(results)}\n{report.verdicts(checks)}")
    return 0 if all(check.met for check in checks) else 1


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--sagas", type=_positive, default=12_000, help="how many the preloaded runs work off (12000)")
    parser.add_argument("--repeat", type=_positive, default=3, help="rounds; the table shows medians (3)")
    parser.add_argument("--only", action="append", choices=NAMES, default=[], help="may be given several times")
    found = parser.parse_args()
    return Options(found.sagas, found.repeat, tuple(found.only))


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, not {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
