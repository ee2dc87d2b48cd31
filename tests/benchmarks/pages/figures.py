"""What was measured, as values."""

from dataclasses import dataclass, field
from typing import NamedTuple


class FirstLoad(NamedTuple):
    """`page`, `rest`: bytes as sent, the rest being styles, scripts, pictures and fonts. `waits_for`: scripts that
    hold up the first paint."""

    page: int
    rest: dict[str, int]
    waits_for: list[str]

    @property
    def kilobytes(self) -> float:
        return (self.page + sum(self.rest.values())) / 1000


@dataclass(frozen=True, slots=True)
class StreamFigures:
    """Milliseconds from change to event over all browsers and changes; MB of the web process before and during;
    `connections`: to the database by the web process while all streams are open; `page_ms`: the Overview meanwhile."""

    browsers: int
    changes: int
    middle: float
    tail: float
    worst: float
    connections: int
    megabytes_before: float
    megabytes: float
    page_ms: float


@dataclass(frozen=True, slots=True)
class Timing:
    """Server time of one address in milliseconds: middle and 95th percentile; `size`: bytes of the answer."""

    middle: float
    tail: float
    size: int


@dataclass(slots=True)
class Measured:
    """`timings`: by group and name of the address."""

    timings: dict[str, dict[str, Timing]] = field(default_factory=dict)
    loads: dict[str, FirstLoad] = field(default_factory=dict)
    streams: StreamFigures | None = None
