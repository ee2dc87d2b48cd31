"""Figures as geometry: the templates only draw what stands here."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from orchestration.console import times, words
from orchestration.console.reading import OutcomeCount, Outcomes
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


@dataclass(frozen=True, slots=True)
class Curves:
    """Two lines over the same minutes, as paths, and a dot with words for each minute."""

    p50: str
    p95: str
    dots: list[Bar]
    lines: list[Line]
    labels: list[Label]


def outcome_chart(outcomes: Outcomes, now: datetime, minutes: int) -> Chart:
    """Ends per minute, stacked by status, the newest at the right."""
    last = now.replace(second=0, microsecond=0)
    stacks: dict[int, dict[str, int]] = {}
    for count in outcomes.counts:
        if count.minute is not None and count.status in ENDS:
            slot = _slot(count.minute, last, minutes)
            if 0 <= slot < minutes:
                stacks.setdefault(slot, {})[count.status] = count.number
    top = _round_up(max((sum(stack.values()) for stack in stacks.values()), default=0))
    bars = [bar for slot, stack in sorted(stacks.items()) for bar in _stack(slot, stack, top, minutes, last)]
    return Chart(bars, _lines(top), _labels(last, minutes), is_empty=not bars)


def duration_chart(outcomes: Outcomes, now: datetime, minutes: int) -> Curves:
    """How long sagas took that ended in each minute: half of them, and 95 of 100, took less."""
    last = now.replace(second=0, microsecond=0)
    found = sorted(
        (_slot(count.minute, last, minutes), count)
        for count in outcomes.minutes
        if count.minute and count.p95 is not None
    )
    shown = [(slot, count) for slot, count in found if 0 <= slot < minutes]
    top = _nice(max((count.p95 or 0 for _slot, count in shown), default=0))
    dots = [dot for slot, count in shown for dot in _dots(slot, count, top, minutes, last)]
    lines = [Line(BASE - share * (BASE - 10), times.duration(timedelta(seconds=top * share))) for share in (0.5, 1)]
    paths = [_path([dot for dot in dots if dot.tone is tone]) for tone in (Tone.IDLE, Tone.RUN)]
    return Curves(paths[0], paths[1], dots, lines, _labels(last, minutes))


def _dots(slot: int, count: OutcomeCount, top: float, minutes: int, last: datetime) -> list[Bar]:
    """`x` and `y` are the middle of the dot."""
    pitch = (WIDTH - LEFT) / minutes
    begin = timezone.localtime(last - timedelta(minutes=minutes - 1 - slot))
    return [
        Bar(LEFT + (slot + 0.5) * pitch, round(BASE - value / top * (BASE - 10), 1), 0, 0, tone,
            f"{begin:%H:%M} · {name} {times.duration(timedelta(seconds=value))}")
        for name, value, tone in (("p50", count.p50 or 0, Tone.IDLE), ("p95", count.p95 or 0, Tone.RUN))
    ]  # fmt: skip


def _path(dots: list[Bar]) -> str:
    return "M" + "L".join(f"{dot.x:.1f} {dot.y:.1f}" for dot in dots) if dots else ""


def _slot(minute: datetime | None, last: datetime, minutes: int) -> int:
    return minutes - 1 - int((last - (minute or last)).total_seconds() // 60)


def _nice(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    size: float = 10 ** math.floor(math.log10(max(value, 0.001)))
    return next(step * size for step in (1, 2, 5, 10) if value <= step * size)


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
