"""The command line of the demo."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """What the person who starts the demo can choose. `traffic` is in sagas per second; port 0 means a free one."""

    port: int
    data_dir: Path
    fresh: bool
    workers: int
    traffic: float


def parse_options(arguments: Sequence[str]) -> Options:
    """Read the words after `manage.py demo`; wrong ones end the process with a usage line."""
    parser = argparse.ArgumentParser(
        prog="manage.py demo",
        description="Run the whole system here, on its own PostgreSQL and Valkey, until Ctrl-C.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--port", type=_port, default=8000, help="port of the console; 0 takes a free one")
    parser.add_argument("--data-dir", type=Path, default=Path(".demo"), help="where data, logs and demo.json are kept")
    parser.add_argument("--fresh", action="store_true", help="forget what an earlier demo left in the data directory")
    parser.add_argument("--workers", type=_workers, default=2, help="number of worker processes")
    parser.add_argument("--traffic", type=_rate, default=0.0, help="sagas to launch per second, good and bad ones")
    return Options(**vars(parser.parse_args(arguments)))


def _port(text: str) -> int:
    return int(_number_between(text, 0, 65_535, whole=True))


def _workers(text: str) -> int:
    return int(_number_between(text, 1, 64, whole=True))


def _rate(text: str) -> float:
    return _number_between(text, 0, 1_000, whole=False)


def _number_between(text: str, low: int, high: int, *, whole: bool) -> float:
    kind = "whole number" if whole else "number"
    try:
        number = int(text) if whole else float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be a {kind}, not {text!r}") from error
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"must be a {kind} from {low} to {high}")
    return number
