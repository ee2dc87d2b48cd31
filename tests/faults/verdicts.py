"""What the checker says of a promise."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Miss:
    """One breach of a promise. `saga_id` is empty when it is about no single saga."""

    saga_id: str
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`looked_at`: how many things were checked; a promise that was checked on nothing is not kept.

    `figure`: what was measured, in words. `not_yet`: why this promise is not checked; then it counts neither way.
    """

    promise: str
    statement: str
    looked_at: int = 0
    misses: tuple[Miss, ...] = ()
    figure: str = ""
    not_yet: str = ""

    @property
    def kept(self) -> bool:
        return bool(self.not_yet) or (self.looked_at > 0 and not self.misses)


def verdict(promise: str, statement: str, looked_at: int, misses: Iterable[Miss], figure: str = "") -> Verdict:
    return Verdict(promise, statement, looked_at, tuple(misses), figure)
