"""`python -m tests.benchmarks.pages`: how fast pages, lists and live updates are, and which targets are met.

Exit code 1: one is missed.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sagaconsole.demo.errors import DemoError, Stopped
from sagaconsole.demo.terminal import say, stopping_on_signals
from sagaconsole.embedded import EmbeddedServerError
from tests.benchmarks import report as tables
from tests.benchmarks.bed import BenchmarkFailed, durable_bed
from tests.benchmarks.options import positive
from tests.benchmarks.pages import report
from tests.benchmarks.pages.catalogue import ADDRESSES, GROUPS, Address

STOPPED_BY_SIGNAL = 130


@dataclass(frozen=True, slots=True)
class Options:
    """`addresses`: parts of the names of those that are measured; none: all of them. `keep`: where the data stay."""

    groups: tuple[str, ...]
    addresses: tuple[str, ...]
    sagas: int
    demo: int
    requests: int
    browsers: int
    changes: int
    keep: Path | None

    def chosen(self, address: Address) -> bool:
        return not self.addresses or any(part in address.name for part in self.addresses)


def main(arguments: Sequence[str]) -> int:
    options = read(arguments)
    try:
        with stopping_on_signals(), durable_bed(options.keep) as bed:
            os.environ.update(bed.environment())
            from tests.benchmarks.pages import measuring  # noqa: PLC0415  the settings need the servers' addresses

            sizes = measuring.Sizes(
                options.sagas, options.demo, options.requests, options.browsers, options.changes
            )  # fmt: skip
            measured = measuring.run(bed, groups=options.groups, sizes=sizes, chosen=options.chosen)
    except Stopped:
        return STOPPED_BY_SIGNAL
    except (BenchmarkFailed, DemoError, EmbeddedServerError) as error:
        sys.stderr.write(f"bench-pages: {error}\n")
        return 1
    checks = report.checks(measured)
    say(f"\n{report.tables(measured)}\n\n{options.sagas:,} sagas and {options.demo:,}; {report.machine()}\n")
    say(tables.verdicts(checks))
    return 0 if all(check.met for check in checks) else 1


def read(arguments: Sequence[str]) -> Options:
    """Exits with 2 and a message when they make no sense."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.pages", description=__doc__)
    groups = "; ".join(f"{name}: {what}" for name, what in GROUPS.items())
    parser.add_argument("--only", action="append", choices=GROUPS, default=[], metavar="GROUP", help=groups)
    parser.add_argument(
        "--address", action="append", default=[], metavar="PART", help="addresses with this in their name (all)"
    )
    for name, default, what in (
        ("sagas", 1_000_000, "in the large database"),
        ("demo-sagas", 300, "in the one of demo size"),
        ("requests", 20, "of each address"),
        ("browsers", 300, "that hold a stream open"),
        ("changes", 50, "that they are told of"),
    ):
        parser.add_argument(f"--{name}", type=positive, default=default, help=f"{what} ({default})")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="the databases stay there, and are used again")
    found = parser.parse_args(arguments)
    for part in found.address:
        if not any(part in address.name for address in ADDRESSES):
            parser.error(f"no address has {part!r} in its name")
    return Options(
        tuple(name for name in GROUPS if name in found.only or not found.only), tuple(found.address), found.sagas,
        found.demo_sagas, found.requests, found.browsers, found.changes, found.keep,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
