"""When each step of one saga did what: bars on one axis of time, a row per step, people's acts as marks above them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from orchestration.console import times, words
from orchestration.console.lanes import Try
from orchestration.console.words import Look, Tone
from orchestration.core.definitions import StepDefinition
from orchestration.core.states import OUT, Direction, SagaStatus, StepKind, StepStatus
from orchestration.models import Saga, Step
from orchestration.queries import EventView

WIDTH = 1000
FORWARD_Y, BACK_Y, HEIGHT = 3, 13, 8
THINNEST = 4.0
SHORTEST = timedelta(milliseconds=10)
SHOWN_BARS = 400
GOING_ON = OUT | {StepStatus.DUE, StepStatus.WAITING, StepStatus.COMPENSATION_DUE}


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time. `is_wait`: nothing was called, a person or a timer was waited for."""

    x: float
    y: int
    width: float
    height: int
    tone: Tone
    words: str
    is_open: bool = False
    is_wait: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One step: its bars, and what a table says of them. `took`: from its first try to its last, both ways."""

    name: str
    bars: list[Bar]
    began_at: datetime | None
    forward: timedelta | None
    back: timedelta | None
    tries: int


@dataclass(frozen=True, slots=True)
class Mark:
    """What a person did, and when."""

    x: float
    words: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """`labels`: the begin, the middle and the end of the axis, in the reader's zone, which `zone` names."""

    rows: list[Row]
    marks: list[Mark]
    labels: list[str]
    zone: str
    width: int = WIDTH


def timeline(
    saga: Saga,
    steps: Sequence[Step],
    plan: Sequence[StepDefinition],
    tries: Iterable[Try],
    events: Iterable[EventView],
    now: datetime,
) -> Timeline:
    """The saga from its launch to its end, or as far as it has come by `now`."""
    shown, happened = list(tries)[-SHOWN_BARS:], list(events)
    axis = _Axis(saga.created_at, max(_end(saga, steps, shown, happened, now), saga.created_at + SHORTEST))
    by_step: dict[int, list[Try]] = {}
    for one in shown:
        by_step.setdefault(one.position, []).append(one)
    rows = [
        _row(step, planned, by_step.get(step.position, []), axis) for step, planned in zip(steps, plan, strict=True)
    ]
    people = [event for event in happened if event.actor and event.kind != "launched"]
    marks = [Mark(axis.x(event.at), f"{_clock(event.at)} · {_did(event)}") for event in people]
    return Timeline(rows, marks, axis.labels(), str(timezone.localtime(now).tzname()))


def _end(saga: Saga, steps: Sequence[Step], tries: list[Try], events: list[EventView], now: datetime) -> datetime:
    """Its end; now, while something goes on; else when something happened last: a saga may be stuck for days."""
    if saga.finished_at:
        return saga.finished_at
    if saga.status == SagaStatus.PENDING or any(step.status in GOING_ON for step in steps):
        return now
    moved = [event.at for event in events if event.kind != "note"]
    return max([one.finished_at for one in tries] + moved, default=now)


class _Axis:
    def __init__(self, begin: datetime, end: datetime) -> None:
        self.begin, self.end = begin, end
        self._span = (end - begin).total_seconds()

    def x(self, moment: datetime) -> float:
        """Where `moment` stands; what lies beyond the ends stands at them."""
        share = (moment - self.begin).total_seconds() / self._span
        return round(min(max(share, 0), 1) * WIDTH, 1)

    def bar(self, begin: datetime, end: datetime, y: int, look: Look, text: str, **kind: bool) -> Bar:
        x, width = self.x(begin), max(self.x(end) - self.x(begin), THINNEST)
        height = HEIGHT - 4 if kind.get("is_wait") else HEIGHT
        return Bar(min(x, WIDTH - width), y + (HEIGHT - height) // 2, width, height, look.tone, text, **kind)

    def labels(self) -> list[str]:
        return [self._label(self.begin + (self.end - self.begin) * share) for share in (0, 0.5, 1)]

    def _label(self, moment: datetime) -> str:
        local = timezone.localtime(moment)
        if self._span < 60:
            return f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"
        return f"{local:%H:%M:%S}" if self._span < times.DAY else f"{local:%Y-%m-%d %H:%M}"


def _row(step: Step, planned: StepDefinition, tries: list[Try], axis: _Axis) -> Row:
    bars = [_tried(one, axis) for one in tries]
    if planned.kind is not StepKind.CALL and step.started_at:
        bars.append(_waited(step, axis))
    if step.status in OUT and step.attempt_started_at:
        bars.append(_out(step, axis))
    begins = [one.started_at for one in tries]
    return Row(
        step.name, bars, began_at=min(begins, default=step.started_at), forward=_spent(tries, Direction.ACTION),
        back=_spent(tries, Direction.COMPENSATION), tries=len(tries),
    )  # fmt: skip


def _tried(one: Try, axis: _Axis) -> Bar:
    undo = one.direction == Direction.COMPENSATION
    look = words.undone_outcome(one.outcome) if undo else words.outcome(one.outcome)
    text = f"{'← ' if undo else ''}#{one.number} {look.word}, {times.duration(one.finished_at - one.started_at)}"
    return axis.bar(one.started_at, one.finished_at, BACK_Y if undo else FORWARD_Y, look, text)


def _out(step: Step, axis: _Axis) -> Bar:
    look = words.STEP[step.status]
    begin = step.attempt_started_at or axis.end
    y = FORWARD_Y if look.tone is Tone.RUN else BACK_Y
    return axis.bar(begin, axis.end, y, look, str(look.word), is_open=True)


def _waited(step: Step, axis: _Axis) -> Bar:
    look = words.STEP[step.status]
    end = step.finished_at or axis.end
    begin = step.started_at or end
    return axis.bar(begin, end, FORWARD_Y, look, f"{look.word}, {times.duration(end - begin)}", is_wait=True)


def _spent(tries: list[Try], direction: Direction) -> timedelta | None:
    mine = [one for one in tries if one.direction == direction]
    return max(one.finished_at for one in mine) - min(one.started_at for one in mine) if mine else None


def _did(event: EventView) -> str:
    word = words.ACTS.get(event.kind) or words.EVENTS.get(event.kind) or event.kind
    return f"{event.actor}: {word}" + (f" ({event.reason})" if event.reason else "")


def _clock(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%H:%M:%S}"
