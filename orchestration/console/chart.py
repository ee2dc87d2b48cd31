"""Figures as geometry: the templates only draw what stands here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from orchestration.console import words
from orchestration.console.reading import Outcomes
from orchestration.console.words import Tone
from orchestration.core.states import SagaStatus

WIDTH, HEIGHT, BASE = 720, 150, 126
LEFT = 34
ENDS = (SagaStatus.COMPLETED, SagaStatus.COMPENSATED, SagaStatus.ABANDONED)
SHARE_WIDTH = 128


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of one tone, with the words for it."""

    x: float
    y: float
    width: float
    height: float
    tone: Tone
    words: str


@dataclass(frozen=True, slots=True)
class Line:
    """A horizontal rule and its label."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Chart:
    bars: list[Bar]
    lines: list[Line]
    labels: list[Label]
    is_empty: bool


def outcome_chart(outcomes: Outcomes, now: datetime, minutes: int) -> Chart:
    """Ends per minute, stacked by status, the newest at the right."""
    last = now.replace(second=0, microsecond=0)
    stacks: dict[int, dict[str, int]] = {}
    for count in outcomes.counts:
        if count.minute is not None and count.status in ENDS:
            slot = minutes - 1 - int((last - count.minute).total_seconds() // 60)
            if 0 <= slot < minutes:
                stacks.setdefault(slot, {})[count.status] = count.number
    top = _round_up(max((sum(stack.values()) for stack in stacks.values()), default=0))
    bars = [bar for slot, stack in sorted(stacks.items()) for bar in _stack(slot, stack, top, minutes, last)]
    return Chart(bars, _lines(top), _labels(last, minutes), is_empty=not bars)


def _stack(slot: int, stack: Mapping[str, int], top: int, minutes: int, last: datetime) -> list[Bar]:
    pitch = (WIDTH - LEFT) / minutes
    begin = timezone.localtime(last - timedelta(minutes=minutes - 1 - slot))
    bars, floor = [], float(BASE)
    for status in ENDS:
        if number := stack.get(status, 0):
            height = max(number / top * (BASE - 10), 2)
            floor -= height
            look = words.SAGA[status]
            text = f"{begin:%H:%M} · {number} {look.word}"
            bars.append(Bar(LEFT + slot * pitch, floor, max(pitch - 2, 1), height - 1, look.tone, text))
    return bars


def _lines(top: int) -> list[Line]:
    return [Line(BASE - share * (BASE - 10), f"{top * share:g}") for share in (0, 0.5, 1) if top * share % 1 == 0]


def _labels(last: datetime, minutes: int) -> list[Label]:
    begin = timezone.localtime(last - timedelta(minutes=minutes - 1))
    middle = timezone.localtime(last - timedelta(minutes=minutes // 2))
    end = timezone.localtime(last)
    return [
        Label(LEFT, f"{begin:%H:%M}", "start"),
        Label((LEFT + WIDTH) / 2, f"{middle:%H:%M}", "middle"),
        Label(WIDTH, f"{end:%H:%M} {end.tzname()}", "end"),
    ]


def _round_up(value: int) -> int:
    """The next even number with one digit that is not zero, so that half of it is whole too."""
    size = int(10 ** (len(str(max(value, 1))) - 1))
    return next(step * size for step in (2, 4, 6, 8, 10) if value <= step * size)


def shares(parts: Sequence[tuple[Tone, int, str]]) -> list[Bar]:
    """Parts of a whole as one bar of 128 by 8."""
    whole = sum(number for _tone, number, _words in parts)
    bars, x = [], 0.0
    for tone, number, text in parts:
        width = number / whole * SHARE_WIDTH
        bars.append(Bar(x, 0, max(width - 1, 1.5), 8, tone, text))
        x += width
    return bars
