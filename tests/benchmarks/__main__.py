"""`python -m tests.benchmarks`: measure, print one table, and say which targets are met. Exit code 1: one is missed."""

import argparse
import os
import sys
from dataclasses import dataclass

from sagaconsole.demo.errors import DemoError, Stopped
from sagaconsole.demo.terminal import say, stopping_on_signals
from sagaconsole.embedded import EmbeddedServerError
from tests.benchmarks import report, targets
from tests.benchmarks.bed import BenchmarkFailed, durable_bed
from tests.benchmarks.catalogue import GROUPS, WORKLOADS, Sizes
from tests.benchmarks.options import positive

STOPPED_BY_SIGNAL = 130
SNAPSHOT_SECONDS, SHORT_SNAPSHOT_SECONDS = 300.0, 30.0


@dataclass(frozen=True, slots=True)
class Options:
    """`sagas`: how many are launched before the preloaded runs. `long`: five-minute snapshots for ten minutes."""

    sagas: int
    ended: int
    repeat: int
    long: bool
    names: tuple[str, ...]


def main() -> int:
    options = _options()
    try:
        with stopping_on_signals(), durable_bed() as bed:
            os.environ.update(bed.environment())
            from tests.benchmarks.suite import measure  # noqa: PLC0415  the settings need the servers' addresses

            snapshot = SNAPSHOT_SECONDS if options.long else SHORT_SNAPSHOT_SECONDS
            sizes = Sizes(options.sagas, options.ended, snapshot, 2 * snapshot if options.long else snapshot)
            measured = measure(bed, sizes=sizes, repeat=options.repeat, names=options.names)
    except Stopped:
        return STOPPED_BY_SIGNAL
    except (BenchmarkFailed, DemoError, EmbeddedServerError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    checks = targets.check(measured.results)
    say(f"\n{report.table(measured.results)}\n\n{report.noise(measured.results)}")
    say("".join(f"{group} is left out: {reason}\n" for group, reason in measured.left_out.items()))
    say(report.verdicts(checks))
    return 0 if all(check.met for check in checks) else 1


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--sagas", type=positive, default=12_000, help="how many the preloaded runs work off (12000)")
    parser.add_argument("--ended", type=positive, default=1_000_000, help="how many the large tables hold (1000000)")
    parser.add_argument("--repeat", type=positive, default=5, help="rounds; the table shows medians (5)")
    parser.add_argument("--long", action="store_true", help="10 minutes of load beside snapshots that are open for 5")
    names = [*GROUPS, *WORKLOADS]
    parser.add_argument(
        "--only", action="append", choices=names, default=[], metavar="NAME",
        help=f"a group or a workload; may be given several times: {', '.join(names)}",
    )  # fmt: skip
    found = parser.parse_args()
    return Options(found.sagas, found.ended, found.repeat, found.long, _names(found.only))


def _names(only: list[str]) -> tuple[str, ...]:
    """All workloads if none is named."""
    named = {name for one in only for name in GROUPS.get(one, (one,))}
    return tuple(name for name in WORKLOADS if name in named or not named)


if __name__ == "__main__":
    sys.exit(main())
