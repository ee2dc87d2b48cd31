"""The command line of `make faults`."""

import argparse
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

_SECONDS = {"smoke": 60.0, "long": 1200.0}
_OUTAGE_SECONDS = {"smoke": 13.0, "long": 600.0}
_WAITING = {"smoke": 300, "long": 5_000}
_CALM_SECONDS = {"smoke": 0.0, "long": 600.0}


@dataclass(frozen=True, slots=True)
class Options:
    """`seconds` of traffic and faults, after `calm_seconds` of traffic alone; `launch_rate` in sagas per second.

    `workers`: those of the demo; one with a wrong clock runs beside them. `pile`: sagas due when Valkey is emptied.
    All of the plan follows from `seed`.
    """

    seed: int
    seconds: float
    calm_seconds: float
    launch_rate: float
    workers: int
    pile: int
    keep: bool
    outage_seconds: float
    waiting: int


def parse_options(arguments: Sequence[str]) -> Options:
    """Read the words after `python -m tests.faults`; wrong ones end the process with a usage line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "--level",
        choices=sorted(_SECONDS),
        default="smoke",
        help="smoke: 60 s; long: 20 minutes, after 10 calm ones and 10 with one participant dead",
    )
    parser.add_argument("--seed", type=int, help="repeat the plan of an earlier run; without it a new one is drawn")
    parser.add_argument("--seconds", type=_positive, help="instead of the level's")
    parser.add_argument("--calm-seconds", type=_positive, help="of traffic alone before that, instead of the level's")
    parser.add_argument(
        "--outage-seconds", type=_positive, help="one participant is dead so long, instead of the level's"
    )
    parser.add_argument("--launch-rate", type=_positive, default=20.0, help="sagas per second (default %(default)s)")
    parser.add_argument(
        "--workers", type=int, default=1, help="worker processes, and one whose clock is wrong (default %(default)s)"
    )
    parser.add_argument("--pile", type=int, default=5000, help="sagas due when Valkey is emptied (default %(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep data, logs and facts.json also when all went well")
    words = parser.parse_args(arguments)
    return Options(
        seed=secrets.randbelow(1_000_000) if words.seed is None else words.seed,
        seconds=words.seconds or _SECONDS[words.level],
        calm_seconds=_CALM_SECONDS[words.level] if words.calm_seconds is None else words.calm_seconds,
        launch_rate=words.launch_rate,
        workers=words.workers,
        pile=words.pile,
        keep=words.keep,
        outage_seconds=_OUTAGE_SECONDS[words.level] if words.outage_seconds is None else words.outage_seconds,
        waiting=_WAITING[words.level],
    )


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 86_400:
        raise argparse.ArgumentTypeError("must be over 0 and less than a day")
    return number
